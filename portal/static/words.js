// What Streamlit's own elements say, in the visitor's language (portal/widget_words.py): to screen readers mostly, and a few
// words that are seen. `#` stands for what we, or the visitor, put there. In English there is nothing to do.
(() => {
  const given = document.querySelector('meta[name="words"]');
  if (!given) return;
  const ATTRIBUTES = ["aria-label", "aria-roledescription", "aria-valuetext", "placeholder"];
  const OURS = ".stHtml, [data-testid=stMarkdownContainer], textarea, code, pre, script, style"; // and what people wrote
  const whole = new Map(), parts = [];
  for (const [theirs, said] of JSON.parse(given.content)) {
    if (!theirs.includes("#")) whole.set(theirs, said);
    else parts.push([new RegExp(`^${theirs.replace(/[.*+?^$()[\]\\|{}]/g, "\\$&").replaceAll("#", "(.+?)")}$`), said]);
  }

  const say = (text) => {
    if (!/[A-Za-z]/.test(text)) return text;
    const found = whole.get(text);
    if (found !== undefined) return found;
    for (const [pattern, said] of parts) {
      const match = pattern.exec(text);
      if (match) return match.slice(1).reduce((line, part) => line.replace("#", () => say(part)), said);
    }
    return text;
  };
  const attribute = (element, name) => {
    const text = element.getAttribute(name), said = text && say(text);
    if (said && said !== text) element.setAttribute(name, said);
  };
  const line = (node) => {
    const text = node.nodeValue.trim(), said = text && say(text);
    if (said && said !== text && !node.parentElement?.closest(OURS)) node.nodeValue = node.nodeValue.replace(text, () => said);
  };
  const all = (root) => {
    if (root.nodeType === Node.TEXT_NODE) return line(root);
    if (root.nodeType !== Node.ELEMENT_NODE || root.closest(OURS)) return;
    for (const name of ATTRIBUTES) {
      attribute(root, name);
      for (const element of root.querySelectorAll(`[${name}]`)) attribute(element, name);
    }
    const lines = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node; (node = lines.nextNode());) line(node);
  };

  new MutationObserver((changes) => {
    for (const { type, target, attributeName, addedNodes } of changes) {
      if (type === "attributes") attribute(target, attributeName);
      else if (type === "characterData") line(target);
      else addedNodes.forEach(all);
    }
  }).observe(document.documentElement, {
    childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES,
  });
  all(document.documentElement);
})();
