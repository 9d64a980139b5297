// Turns one element into another by changing only what differs. Elements with an id keep their
// identity, and with it focus, selection and scroll position; an open <details> stays as it is.

export function morph(from, to) {
  morphAttributes(from, to);
  morphChildren(from, to);
}

function morphAttributes(from, to) {
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value && !belongsToReader(from, name)) {
      from.setAttribute(name, value);
    }
  }
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !belongsToReader(from, name)) {
      from.removeAttribute(name);
    }
  }
}

function belongsToReader(element, name) {
  return element.localName === "details" && name === "open";
}

function morphChildren(from, to) {
  const byId = new Map();
  for (const child of from.children) {
    if (child.id) {
      byId.set(child.id, child);
    }
  }
  let place = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const found = match(wanted, place, byId);
    if (!found) {
      from.insertBefore(document.importNode(wanted, true), place);
      continue;
    }
    if (found === place) {
      place = place.nextSibling;
    } else {
      move(from, found, place);
    }
    morphNode(found, wanted);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function match(wanted, place, byId) {
  if (wanted.id) {
    const found = byId.get(wanted.id);
    return found?.localName === wanted.localName ? found : null;
  }
  return place && !place.id && place.nodeName === wanted.nodeName ? place : null;
}

function morphNode(from, to) {
  if (to.nodeType === Node.ELEMENT_NODE) {
    morph(from, to);
  } else if (from.data !== to.data) {
    from.data = to.data;
  }
}

// moveBefore keeps focus and state; browsers without it lose focus, which refresh.js gives back.
function move(parent, node, place) {
  if (parent.moveBefore) {
    parent.moveBefore(node, place);
  } else {
    parent.insertBefore(node, place);
  }
}
