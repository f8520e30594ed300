// The page works without this script, and as well. It commits to nothing, changes no
// choice and presses no button.
(function () {
  "use strict";
  document.documentElement.classList.add("js");

  var notice = document.getElementById("notice");
  if (notice) notice.focus();

  var form = document.querySelector("form.decide");
  if (form) seen(form);
  // A person sees the page once it is visible and somebody moves, or has had it
  // before them for a while. Programs that fetch links do neither.
  function seen(form) {
    var moves = ["pointermove", "pointerdown", "touchstart", "scroll", "keydown"];
    var sent = false, timer;
    function send() {
      if (sent || document.visibilityState !== "visible") return;
      sent = true;
      moves.forEach(function (m) { removeEventListener(m, send); });
      fetch(form.dataset.view, {
        method: "POST", keepalive: true,
        body: new URLSearchParams({ revision: form.dataset.revision })
      }).then(function (a) { if (a.status === 503) again(); }, again);
    }
    function again() { // it is safe: a view counts once
      sent = false;
      setTimeout(send, 10000);
    }
    function watch() {
      clearTimeout(timer);
      if (document.visibilityState === "visible") timer = setTimeout(send, 2000);
    }
    moves.forEach(function (m) { addEventListener(m, send, { passive: true }); });
    document.addEventListener("visibilitychange", watch);
    watch();
  }
})();
