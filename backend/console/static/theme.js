// The switch of colours is a form that works by itself; here it works without leaving the page.

export function switchThemeInPlace() {
  const form = document.getElementById("theme");
  if (!form) {
    return;
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const chosen = event.submitter;
    const body = new URLSearchParams(new FormData(form, chosen));
    try {
      // A redirect is the answer to a form that was accepted; it need not be followed.
      const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
      if (answer.type !== "opaqueredirect") {
        throw new Error(`answered ${answer.status}`);
      }
    } catch {
      // Sent as an ordinary form, which shows what is wrong.
      const theme = Object.assign(document.createElement("input"), {
        type: "hidden",
        name: "theme",
        value: chosen.value,
      });
      form.append(theme);
      form.submit();
      return;
    }
    show(form, chosen);
  });
}

function show(form, chosen) {
  if (chosen.value) {
    document.documentElement.dataset.theme = chosen.value;
  } else {
    delete document.documentElement.dataset.theme;
  }
  for (const button of form.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button === chosen));
  }
}
