// Entry point of every page. Pages work without any of this: it keeps them fresh and saves reloads.

import { keepFresh } from "./refresh.js";
import { focusFilterOnSlash, menusCloseOnEscape } from "./keys.js";
import { switchThemeInPlace } from "./theme.js";

if (document.querySelector("[data-live]")) {
  keepFresh();
}
focusFilterOnSlash();
menusCloseOnEscape();
switchThemeInPlace();
