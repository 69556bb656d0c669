// What the theme's scripts leave undone.
(function () {
  // A formula within a line that is wider than its block scrolls by itself: book.css.
  function markWideFormulas() {
    for (const formula of document.querySelectorAll('mjx-container:not([display="true"])')) {
      formula.classList.remove("wide-formula");
      const block = formula.closest("p, li, dd, td, h1, h2, h3");
      const space = block ? block.clientWidth : window.innerWidth;
      if (space > 0 && formula.getBoundingClientRect().width > space) {
        formula.classList.add("wide-formula");
      }
    }
  }
  window.addEventListener("load", function () {
    window.MathJax?.startup?.promise.then(markWideFormulas);
  });
  window.addEventListener("resize", markWideFormulas);

  // Code that scrolls can be reached by keyboard. The theme sees to that when the window
  // changes, but not when code is unfolded.
  function measureAnew() {
    window.dispatchEvent(new Event("resize"));
  }
  document.addEventListener("toggle", measureAnew, true);
  document.addEventListener("click", function (event) {
    if (event.target.closest(".toggle-button")) setTimeout(measureAnew, 100);
  });
})();
