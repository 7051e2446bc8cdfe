// The terminal takes keys from the beginning, not only once it was clicked on. The screen says of itself that it is not
// looked at when it begins, some time after its first bytes: it is told twice.
window.addEventListener("DOMContentLoaded", () => {
  const body = document.body;
  const focus = () => {
    const keys = document.querySelector(".xterm-helper-textarea");
    keys.focus();
    keys.dispatchEvent(new FocusEvent("focus"));
  };
  const begun = new MutationObserver(() => {
    if (body.classList.contains("-first-byte")) {
      begun.disconnect();
      focus();
      setTimeout(focus, 1000);
    }
  });
  begun.observe(body, { attributes: true, attributeFilter: ["class"] });
});
