module tools/certgen

go 1.26
