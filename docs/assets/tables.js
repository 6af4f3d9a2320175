// A table that is wider than the page scrolls by keyboard too: it can be focused while it does not fit.
(() => {
  const fit = () => {
    for (const room of document.querySelectorAll(".md-typeset__scrollwrap")) {
      if (room.scrollWidth > room.clientWidth) {
        room.tabIndex = 0;
        room.setAttribute("role", "region");
        room.setAttribute("aria-label", "Table, scrolls sideways");
      } else {
        for (const name of ["tabindex", "role", "aria-label"]) room.removeAttribute(name);
      }
    }
  };
  // The theme wraps the tables when it has loaded.
  addEventListener("load", () => setTimeout(fit));
  addEventListener("resize", fit);
})();
