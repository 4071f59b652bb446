// The till: keypad, basket lines, hand scanner, camera. Everything works without it but these.
"use strict";

// Keypad: writes into its field, which says so as if somebody had typed.
document.addEventListener("click", (event) => {
  const key = event.target.closest("[data-keypad] button");
  if (!key) return;
  const field = document.getElementById(key.closest("[data-keypad]").dataset.keypad);
  if ("back" in key.dataset) field.value = field.value.slice(0, -1);
  else if (field.value.length < field.maxLength) field.value += key.dataset.digit;
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// One more line of the basket: the last one again, empty.
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-more-lines]")) return;
  addLine().querySelector("input").focus();
});
function addLine() {
  const lines = document.getElementById("lines");
  const line = lines.lastElementChild.cloneNode(true);
  for (const field of line.querySelectorAll("input")) field.value = field.name === "quantity" ? "1" : "";
  lines.append(line);
  return line;
}

// A hand scanner types an article and sends Enter: that is the end of a field, not of the sale.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("#lines input")) return;
  event.preventDefault();
  const fields = [...document.querySelectorAll("#lines input")];
  const next = fields[fields.indexOf(event.target) + (event.target.name === "sku" ? 2 : 1)];
  (next || addLine().querySelector("input")).focus();
});

// Camera: the browser's own reader of QR and bar codes where there is one, jsQR where not.
let stream = null;
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-camera]");
  if (button) scan(button);
  if (event.target.closest("[data-camera-stop]")) stop();
});
window.addEventListener("pagehide", stop);

function stop() {
  for (const track of stream ? stream.getTracks() : []) track.stop();
  stream = null;
  const scanner = document.getElementById("scanner");
  if (scanner) scanner.hidden = true;
}

async function scan(button) {
  const absent = document.getElementById("camera-absent");
  absent.hidden = true;
  try {
    if (!navigator.mediaDevices) throw new Error("no camera");
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    absent.hidden = false;
    document.getElementById(button.dataset.into).focus();
    return;
  }
  const scanner = document.getElementById("scanner");
  const video = scanner.querySelector("video");
  scanner.hidden = false;
  video.srcObject = stream;
  await video.play();
  const read = await reader(button.dataset.jsqr);
  while (stream) {
    const text = await read(video);
    if (text) {
      stop();
      const field = document.getElementById(button.dataset.into);
      field.value = text;
      field.form.requestSubmit();
      return;
    }
    await new Promise((resume) => setTimeout(resume, 120));
  }
}

async function reader(jsqr) {
  if ("BarcodeDetector" in window) {
    const detector = new BarcodeDetector();
    return async (video) => (await detector.detect(video))[0]?.rawValue;
  }
  if (!window.jsQR) await new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = jsqr;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    if (!video.videoWidth) return null;
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    context.drawImage(video, 0, 0);
    const picture = context.getImageData(0, 0, canvas.width, canvas.height);
    return window.jsQR(picture.data, picture.width, picture.height)?.data;
  };
}
