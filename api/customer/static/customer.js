// The page works without this script, and as well. With it, every sum is that of the choice.
// It commits to nothing, changes no choice and presses no button.
(function () {
  "use strict";
  document.documentElement.classList.add("js");

  var told = document.querySelector("[autofocus]"); // for browsers that do so only in fields
  if (told) told.focus();

  var refresh = document.getElementById("refresh");
  if (refresh) setTimeout(function () { location.replace(refresh.href); }, 3000);

  var form = document.querySelector("form.decide");
  if (form) {
    sums(form);
    seen(form);
  }

  function sums(form) {
    var lines = [].slice.call(form.querySelectorAll("[data-gross]"));
    var money = new Intl.NumberFormat(form.dataset.lang, { style: "currency", currency: form.dataset.currency });
    var unit = Math.pow(10, money.resolvedOptions().maximumFractionDigits);

    function write(minor) { return money.format(minor / unit); }
    function each(selector, f) { form.querySelectorAll(selector).forEach(f); }
    function answer(line) {
      var checked = line.querySelector("input[type=radio]:checked");
      return checked ? checked.value : "";
    }
    function show() {
      var yes = lines.filter(function (l) { return answer(l) === "approve"; });
      var open = lines.filter(function (l) { return !answer(l); }).length;
      var gross = {}, sum = 0;
      yes.forEach(function (l) {
        l.dataset.gross.split(" ").filter(Boolean).forEach(function (part) {
          var of = part.split(":");
          gross[of[0]] = (gross[of[0]] || 0) + Number(of[1]);
          sum += Number(of[1]);
        });
      });
      var text = sum ? form.dataset.total.replace("{amount}", write(sum)) : yes.length ? form.dataset.free : form.dataset.none;
      each(".running", function (e) { e.hidden = false; });
      each(".running .chosen", function (e) { e.textContent = text; });
      each(".open", function (e) { e.textContent = open ? form.dataset.open.replace("{count}", open) : ""; });
      if (open === lines.length) return; // nothing is chosen yet: the sums are of the whole proposal, and say so
      each(".whose", function (e) { e.textContent = e.dataset.choice; });
      each(".sum .chosen", function (e) { if (e.textContent !== text) e.textContent = text; });
      each(".vat", function (e) { // rounded half up, as the server does
        var rate = Number(e.dataset.rate) || 0, whole = 100 + rate;
        var vat = Math.floor(((gross[e.dataset.rate] || 0) * rate + Math.floor(whole / 2)) / whole);
        e.hidden = !vat;
        e.textContent = e.dataset.says.replace("{amount}", write(vat));
      });
      each(".with", function (e) { e.textContent = e.dataset.says.replace("{amount}", write(Number(e.dataset.agreed) + sum)); });
    }
    form.addEventListener("change", function (e) {
      var error = e.target.type === "radio" && e.target.closest("fieldset").querySelector(".error");
      if (error) error.hidden = true; // it asked for an answer
      show();
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
