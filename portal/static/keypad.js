// Fields in which nothing but digits can stand call up a phone's keypad. Streamlit's text field cannot be told so; where
// it is one of these is seen by its key. Without this file they call up letters, and work as well.
(() => {
  const KEYPADS = {
    decimal: '.st-key-find_amount, [class*="st-key-amount-"], [class*="st-key-desk-amount-"]',
    numeric: '[class*="st-key-pieces-"], .st-key-payee-card',
  };
  const look = () => {
    for (const field of document.querySelectorAll(".stTextInput input")) {
      const mode = Object.keys(KEYPADS).find((each) => field.closest(KEYPADS[each])) ?? "";
      if (field.inputMode !== mode) field.inputMode = mode;
    }
  };
  // A class that changes may make another field of one that stays in its place.
  new MutationObserver(look).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["class"],
  });
})();
