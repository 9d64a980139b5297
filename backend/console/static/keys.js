// The keyboard's extras. Everything else is links, buttons and fields in the order of the page.

// "/" goes to the label filter, as in other tools of the trade.
export function focusFilterOnSlash() {
  const field = document.getElementById("label");
  if (!field) {
    return;
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) {
      return;
    }
    event.preventDefault();
    field.focus();
  });
}

// A menu that opened over the page closes by Escape or by a click elsewhere.
export function menusCloseOnEscape() {
  const menu = document.getElementById("account");
  if (!menu) {
    return;
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) {
      menu.open = false;
    }
  });
}
