// Passkeys: a form with data-passkey ("create" or "get") and data-options (WebAuthn's, as JSON) asks the device first and
// sends what it answers in its field `answer`. Where there are no passkeys such a form stays hidden.
const bytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
};
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const named = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

async function asked(kind, told) {
  const publicKey = { ...told, challenge: bytes(told.challenge) };
  if (kind === "create") {
    publicKey.user = { ...told.user, id: bytes(told.user.id) };
    publicKey.excludeCredentials = named(told.excludeCredentials);
  } else {
    publicKey.allowCredentials = named(told.allowCredentials);
  }
  const found = await navigator.credentials[kind]({ publicKey });
  const answer = { clientDataJSON: text(found.response.clientDataJSON) };
  if (kind === "create") {
    answer.attestationObject = text(found.response.attestationObject);
    answer.transports = found.response.getTransports?.() ?? [];
  } else {
    answer.authenticatorData = text(found.response.authenticatorData);
    answer.signature = text(found.response.signature);
    if (found.response.userHandle) answer.userHandle = text(found.response.userHandle);
  }
  return { id: found.id, rawId: text(found.rawId), type: found.type, response: answer, clientExtensionResults: {} };
}

if (window.PublicKeyCredential && navigator.credentials) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const problem = form.querySelector("[data-passkey-problem]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      if (event.defaultPrevented || form.elements.answer.value) return;
      event.preventDefault();
      problem.hidden = true;
      try {
        form.elements.answer.value = JSON.stringify(await asked(form.dataset.passkey, JSON.parse(form.dataset.options)));
      } catch (error) {
        delete form.dataset.sent;
        form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
        problem.textContent = error.name === "InvalidStateError" ? problem.dataset.twice : problem.dataset.passkeyProblem;
        problem.hidden = false;
        return;
      }
      form.submit();
    });
  }
}
