// Moves the numbers of the start page while 400 addresses guess. Without
// this script the page does the same by loading itself again.
(() => {
  "use strict";
  const panel = document.getElementById("guesses");
  if (!panel) return;
  const form = document.getElementById("guess");
  const button = form.querySelector("button");
  const said = document.getElementById("said");
  const json = { headers: { Accept: "application/json" } };

  const show = (state) => {
    const numbers = { ...state.met, sent: state.sent, reached: state.reached };
    for (const place of panel.querySelectorAll("[data-n]")) {
      const n = numbers[place.dataset.n] || 0;
      if (place.tagName === "PROGRESS") place.value = n;
      else place.textContent = n;
    }
    button.disabled = state.running;
  };

  const watch = async () => {
    try {
      const state = await (await fetch("/demo/guesses", json)).json();
      show(state);
      if (state.running) return void setTimeout(watch, 400);
      // Only the end is spoken: a screen reader cannot use a number a second.
      said.textContent = `Done: ${state.sent} tries, ${state.reached} of them reached the shop.`;
    } catch {
      button.disabled = false;
      said.textContent = "The shop does not answer. Is the demo still running?";
    }
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    said.textContent = "The guessing has begun. Sign in as Alice meanwhile.";
    try {
      await fetch(form.action, { ...json, method: "POST" });
    } catch {
      // watch says so
    }
    watch();
  });

  if (panel.dataset.running === "true") watch();
})();
