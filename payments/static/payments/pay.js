/* Asks for an order, opens Razorpay's checkout with it, and hands its answer back to be verified. */
(function () {
  "use strict";

  var form = document.getElementById("pay");
  var button = form.querySelector("button");
  var problem = document.getElementById("problem");
  var label = button.textContent;

  function say(text) {
    problem.textContent = text;
    problem.hidden = !text;
  }

  function busy(text) {
    button.disabled = Boolean(text);
    button.textContent = text || label;
  }

  function post(url, fields) {
    var body = new URLSearchParams(fields);
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    return fetch(url, { method: "POST", body: body, credentials: "same-origin" }).then(function (response) {
      return response.json().then(function (answer) {
        if (response.ok) return answer;
        var error = new Error(answer.error);
        error.code = answer.code;
        throw error;
      });
    });
  }

  function verify(result) {
    busy("Confirming your payment…");
    post(form.dataset.verifyUrl, result).then(reload).catch(function () {
      // It may well be paid: Razorpay tells us by another way too, so nobody should pay a second time.
      busy("Confirming your payment…");
      say("We could not confirm your payment yet. If you have paid, do not pay again: this page will say so within minutes.");
      window.setTimeout(reload, 15000);
    });
  }

  function reload() {
    window.location.replace(window.location.pathname);
  }

  function open(order) {
    var checkout = new window.Razorpay(Object.assign({}, order, {
      handler: verify,
      retry: { enabled: true },
      modal: { ondismiss: function () { busy(""); } }
    }));
    checkout.on("payment.failed", function (response) {
      say("The payment did not go through: " + response.error.description);
    });
    busy("Waiting for the payment…");
    checkout.open();
  }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    say("");
    if (!window.Razorpay) {
      say("The payment form could not be loaded. Check your connection or ad blocker, then reload this page.");
      return;
    }
    busy("One moment…");
    post(form.dataset.orderUrl, {}).then(open).catch(function (error) {
      if (error.code === "INVOICE_NOT_COLLECTABLE") return reload();
      busy("");
      say(error.message || "Something went wrong; please try again.");
    });
  });

  button.disabled = false;
})();
