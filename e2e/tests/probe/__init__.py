"""The smallest service worth a drill: shows that cluster and entrance work by themselves."""
