// The page works without this script. With it, the button says at once what
// pressing it means, and the answer needs no second page.
(function () {
  "use strict";
  document.documentElement.classList.add("js");

  var notice = document.getElementById("notice");
  if (notice) notice.focus();

  var form = document.querySelector("form.decide");
  if (form) {
    decide(form);
    seen(form);
  }
  document.querySelectorAll("form").forEach(function (f) {
    f.addEventListener("submit", function (e) {
      if (e.defaultPrevented || f.dataset.sent) return e.preventDefault();
      f.dataset.sent = "1"; // a second tap sends nothing
    });
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form").forEach(function (f) { delete f.dataset.sent; });
  });

  function decide(form) {
    var lines = Array.prototype.slice.call(form.querySelectorAll("[data-line]"));
    var button = document.getElementById("decide");
    var total = form.elements.total_seen;
    var money = new Intl.NumberFormat(form.dataset.lang, { style: "currency", currency: form.dataset.currency });
    var unit = Math.pow(10, money.resolvedOptions().maximumFractionDigits);
    var confirmed = document.createElement("input");
    confirmed.type = "hidden";
    confirmed.name = "confirmed";
    confirmed.value = "1";

    function answer(line) {
      var checked = line.querySelector("input[type=radio]:checked");
      return checked ? checked.value : "";
    }
    function missing() {
      return lines.filter(function (l) { return !answer(l); });
    }
    function show() {
      var approved = lines.filter(function (l) { return answer(l) === "approve"; });
      var sum = approved.reduce(function (n, l) { return n + Number(l.dataset.total); }, 0);
      var open = missing().length > 0;
      total.value = open ? "" : String(sum);
      if (open) confirmed.remove(); else form.appendChild(confirmed);
      button.setAttribute("aria-disabled", open);
      button.classList.toggle("none", !open && approved.length === 0);
      button.textContent = open ? form.dataset.choose
        : approved.length === 0 ? form.dataset.none
        : form.dataset.pay.replace("{amount}", money.format(sum / unit));
    }
    form.addEventListener("change", function (e) {
      var line = e.target.closest("[data-line]");
      if (line && answer(line)) line.querySelector(".error").hidden = true;
      show();
    });
    form.querySelectorAll("button[name=all]").forEach(function (b) {
      b.addEventListener("click", function (e) {
        e.preventDefault();
        lines.forEach(function (l) {
          l.querySelector("input[value=" + b.value + "]").checked = true;
          l.querySelector(".error").hidden = true;
        });
        show();
        button.focus();
      });
    });
    form.addEventListener("submit", function (e) {
      var open = missing();
      if (!open.length) return;
      e.preventDefault();
      open.forEach(function (l) {
        var error = l.querySelector(".error");
        error.textContent = l.dataset.missing;
        error.hidden = false;
        l.setAttribute("aria-describedby", error.id);
      });
      open[0].querySelector("input[type=radio]").focus();
      open[0].scrollIntoView({ block: "center" });
    });
    window.addEventListener("pageshow", show); // browsers restore what was ticked
    show();
  }

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
