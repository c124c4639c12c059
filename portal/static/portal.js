// Links between pages of ours keep the open connection instead of loading everything anew. Streamlit follows the
// address when the browser goes back or forward, so a link that writes the address and says so is enough.
// Without this file the links still work, only slower.
(() => {
  const pages = new Set((document.documentElement.dataset.pages || "").split(" "));

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest(".stHtml a[href]");
    if (!link || link.target === "_blank" || link.hasAttribute("download")) return;
    const to = new URL(link.href);
    if (to.origin !== location.origin || !pages.has(to.pathname) || to.hash) return;
    const app = document.querySelector(".stApp");
    if (!app || app.dataset.testConnectionState !== "CONNECTED") return;
    event.preventDefault();
    if (to.href !== location.href) history.pushState(null, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
    document.querySelector(".stMain")?.scrollTo(0, 0);
  });
})();

// What is typed in one's turn and not sent yet stays in this tab: through a reload, the way back, another language.
(() => {
  const TYPED = ".st-key-act-turn textarea";
  const name = (field) => [...(field.closest("[class*=st-key-]")?.classList || [])].find((part) => part.startsWith("st-key-"));
  const write = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set;

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.matches?.(TYPED)) return;
    if (field.value) sessionStorage.setItem(name(field), field.value);
    else sessionStorage.removeItem(name(field));
  });
  // Pressed is not sent yet: it may be refused, and then the field stays. Where it has gone from the same page it was
  // sent, and the next question begins with an empty field.
  const pressed = new Map();
  document.addEventListener("click", (event) => {
    const turn = event.target.closest?.("[class*=st-key-do-] button")?.closest(".st-key-act-turn");
    turn?.querySelectorAll("textarea").forEach((field) => pressed.set(name(field), location.href));
  });
  new MutationObserver(() => {
    for (const [kept, where] of pressed) {
      if (where === location.href && document.querySelector(`.${CSS.escape(kept)} textarea`)) continue;
      if (where === location.href) sessionStorage.removeItem(kept);
      pressed.delete(kept);
    }
    for (const field of document.querySelectorAll(`${TYPED}:not([data-kept])`)) {
      field.dataset.kept = "";
      const kept = sessionStorage.getItem(name(field));
      if (!kept || field.value) continue;
      write.call(field, kept);
      field.dispatchEvent(new Event("input", {bubbles: true}));
      field.dispatchEvent(new FocusEvent("focusout", {bubbles: true}));  // so that the server knows it too
    }
  }).observe(document.documentElement, {childList: true, subtree: true});
})();

// A text of rules that nobody asked for yet (portal/parts/lab_kept): the page says what it is by now, the tab keeps it, and
// a session that begins anew is given it.
(() => {
  const write = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  const told = new Map();

  new MutationObserver(() => {
    // What is said and of which text is said in one place: two parts of the page may be of two moments.
    const now = document.querySelector(".lab-now")?.dataset.text;
    if (now !== undefined) {
      const {of, from, text} = JSON.parse(now);
      if (told.get(of) !== now) {
        told.set(of, now);
        if (text) sessionStorage.setItem(of, JSON.stringify({from, text}));  // as JSON: on one line
        else sessionStorage.removeItem(of);
      }
    }
    const field = document.querySelector(".st-key-lab-kept input:not([data-kept])");
    if (!field) return;
    field.dataset.kept = "";
    const kept = sessionStorage.getItem(field.placeholder);
    if (!kept) return;
    write.call(field, kept);
    field.dispatchEvent(new Event("input", {bubbles: true}));
    field.dispatchEvent(new FocusEvent("focusout", {bubbles: true}));
  }).observe(document.documentElement, {childList: true, subtree: true, attributes: true, attributeFilter: ["data-text"]});
})();

// The desk's form of a decision. It opens below the fold, so opening it brings it into view and gives it the focus: its
// heading, not a field, so that J and K go on to other cases. And what cannot be seen is not sent by a key: the first
// Ctrl+Enter brings it into view, the second sends.
(() => {
  const form = () => document.querySelector(".st-key-card-decide");
  const send = () => document.querySelector("[class*=st-key-desk-send] button");

  const bringUp = (focus) => {
    const card = form();
    if (!card) return;
    const look = () => {
      card.scrollIntoView({ block: card.offsetHeight < innerHeight * 0.8 ? "nearest" : "start" });
      if (!isSeen()) (send() ?? card.querySelector(".prove a"))?.scrollIntoView({ block: "center" });
    };
    const settling = new ResizeObserver(look);  // it is drawn piece by piece; the first call comes at once
    settling.observe(card);
    const stop = () => settling.disconnect();
    setTimeout(stop, 1000);
    addEventListener("pointerdown", stop, { once: true, capture: true });  // what is being pressed stays under the pointer
    if (focus) document.getElementById("decide")?.focus({ preventScroll: true });
  };
  const toTop = () => document.querySelector(".stMain")?.scrollTo(0, 0);
  window.desk = { bringUp, toTop };

  const isSeen = () => {
    const button = send()?.getBoundingClientRect();
    const reads = form()?.querySelector(".reads")?.getBoundingClientRect();
    return button && button.top >= 0 && button.bottom <= innerHeight && (!reads || reads.top + 48 <= innerHeight);
  };

  addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !send()) return;
    // A field of text hands over what is typed and lets the key pass to the button; a choice would keep it to itself.
    if (isSeen() && event.target.matches("textarea, input:not([type=radio], [type=checkbox])")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (isSeen()) send().click();
    else bringUp(false);
  }, true);
})();

// Esc closes the desk's form, or a dialog: what was typed last is handed over before, and stands there when it is opened
// again. A click beside it does so by itself, for it takes the focus away.
addEventListener("keydown", ({ key, target, isComposing }) => {
  const isField = target.matches?.(":is(.st-key-card-decide, [role=dialog]) :is(textarea, input)");
  if (key === "Escape" && !isComposing && isField) target.blur();
}, true);
