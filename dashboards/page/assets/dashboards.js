// The page works without this script. With it, the figures stay fresh while
// somebody looks at them, and nothing moves under a reader who opened something.
(function () {
  "use strict";
  var printing = false;
  window.addEventListener("beforeprint", function () { printing = true; });
  window.addEventListener("afterprint", function () { printing = false; });
  window.setInterval(function () {
    var busy = document.querySelector("details[open]") || document.querySelector(".top form:focus-within");
    if (!printing && !busy && document.visibilityState === "visible") window.location.reload();
  }, 60000);
})();
