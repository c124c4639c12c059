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
