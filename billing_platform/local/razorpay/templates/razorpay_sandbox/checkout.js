/* The sandbox's stand-in for https://checkout.razorpay.com/v1/checkout.js */
(function () {
  "use strict";

  var BASE = new URL(document.currentScript.src).origin;

  function Razorpay(options) {
    if (!(this instanceof Razorpay)) return new Razorpay(options);
    if (!options || !options.key) throw new Error("No key passed");
    if (!options.order_id) throw new Error("The sandbox needs an order_id");
    this.options = options;
    this.listeners = {};
    this.receive = this.receive.bind(this);
  }

  Razorpay.prototype.on = function (event, callback) {
    (this.listeners[event] = this.listeners[event] || []).push(callback);
    return this;
  };

  Razorpay.prototype.emit = function (event, payload) {
    (this.listeners[event] || []).forEach(function (callback) { callback(payload); });
  };

  Razorpay.prototype.open = function () {
    if (this.overlay) return this;
    this.focused = document.activeElement;
    this.overflow = document.body.style.overflow;
    document.body.style.overflow = "hidden";
    this.frame = document.createElement("iframe");
    this.frame.src = this.address();
    this.frame.title = "Razorpay sandbox checkout";
    this.frame.style.cssText =
      "width:min(440px,100%);height:min(640px,100%);border:0;border-radius:14px;background:transparent;color-scheme:light dark";
    this.overlay = document.createElement("div");
    this.overlay.setAttribute("role", "dialog");
    this.overlay.setAttribute("aria-modal", "true");
    this.overlay.setAttribute("aria-label", "Razorpay sandbox checkout");
    this.overlay.style.cssText =
      "position:fixed;inset:0;z-index:2147483647;display:grid;place-items:center;background:rgba(8,14,22,.62)";
    this.overlay.appendChild(this.frame);
    document.body.appendChild(this.overlay);
    window.addEventListener("message", this.receive);
    this.frame.focus();
    return this;
  };

  Razorpay.prototype.address = function () {
    var options = this.options, prefill = options.prefill || {};
    var query = new URLSearchParams({ key: options.key, origin: window.location.origin });
    var extra = {
      name: options.name, description: options.description, email: prefill.email, contact: prefill.contact
    };
    Object.keys(extra).forEach(function (name) { if (extra[name]) query.set(name, extra[name]); });
    return BASE + "/checkout/" + encodeURIComponent(options.order_id) + "?" + query;
  };

  Razorpay.prototype.receive = function (event) {
    var message = event.data;
    if (event.origin !== BASE || !this.frame || event.source !== this.frame.contentWindow) return;
    if (!message || message.source !== "razorpay-sandbox") return;
    if (message.type === "payment.success") this.succeed(message.payload);
    else if (message.type === "payment.failed") this.emit("payment.failed", message.payload);
    else if (message.type === "dismiss") this.dismiss();
  };

  Razorpay.prototype.succeed = function (result) {
    var options = this.options;
    this.close();
    if (options.callback_url && (options.redirect || !options.handler)) post(options.callback_url, result);
    else if (options.handler) options.handler(result);
    this.emit("payment.success", result);
  };

  Razorpay.prototype.dismiss = function () {
    var modal = this.options.modal || {};
    this.close();
    if (modal.ondismiss) modal.ondismiss();
  };

  Razorpay.prototype.close = function () {
    if (!this.overlay) return;
    window.removeEventListener("message", this.receive);
    this.overlay.remove();
    this.overlay = this.frame = null;
    document.body.style.overflow = this.overflow;
    if (this.focused && this.focused.focus) this.focused.focus();
  };

  function post(url, fields) {
    var address = new URL(url, window.location.href);
    if (address.protocol !== "http:" && address.protocol !== "https:") {
      throw new Error("callback_url must be an http or https address");
    }
    var form = document.createElement("form");
    form.method = "POST";
    form.action = address.href;
    Object.keys(fields).forEach(function (name) {
      var input = document.createElement("input");
      input.type = "hidden";
      input.name = name;
      input.value = fields[name];
      form.appendChild(input);
    });
    document.body.appendChild(form);
    form.submit();
  }

  window.Razorpay = Razorpay;
})();
