// Signing in with a passkey: the browser shows those that it has for this host.
"use strict";

(() => {
  // What is signed on chain has 32 bytes. A challenge of that length is none of a sign-in.
  const DIGEST_BYTES = 32;

  const toBytes = (coded) => Uint8Array.from(
    atob(coded.replaceAll("-", "+").replaceAll("_", "/")),
    (character) => character.charCodeAt(0),
  );
  const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  async function post(path, fields) {
    const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields) });
    const said = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(said.problem), { said: said.problem });
    return said;
  }

  async function signIn(form) {
    const options = await post(form.dataset.passkey, {});
    const challenge = toBytes(options.challenge);
    if (challenge.length <= DIGEST_BYTES) throw new Error("not a challenge of a sign-in");
    const got = await navigator.credentials.get({
      publicKey: { ...options, challenge, allowCredentials: [] },
    });
    const { authenticatorData, clientDataJSON, signature, userHandle } = got.response;
    const response = {
      authenticatorData: toText(authenticatorData),
      clientDataJSON: toText(clientDataJSON),
      signature: toText(signature),
      ...(userHandle ? { userHandle: toText(userHandle) } : {}),
    };
    const credential = { id: got.id, rawId: got.id, type: got.type, response };
    await post(form.action, { credential: JSON.stringify(credential) });
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.dataset.passkey || event.defaultPrevented) return;
    event.preventDefault();
    const status = form.querySelector("[role=status]");
    const say = (text) => { status.textContent = text; status.className = text ? "alert bad" : ""; };
    say("");
    try {
      if (!window.isSecureContext || !window.PublicKeyCredential) throw { said: form.dataset.unsupported };
      await signIn(form);
      location.assign(form.dataset.after);
    } catch (failure) {
      say(failure.said || form.dataset.declined);
      delete form.dataset.sending;
      form.removeAttribute("aria-busy");
    }
  });
})();
