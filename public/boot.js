// Starts the app, and covers the page with a plain way out when it cannot run or has failed. Knows no framework: it
// must work when nothing else does.

const root = document.documentElement;
const script = document.querySelector("script[data-wasm]");

const WORDS = {
  vi: {
    crashed: "Ứng dụng gặp lỗi và đã dừng lại.",
    unsupported: "Trình duyệt này quá cũ hoặc ứng dụng chưa tải xong.",
    kept: "Những gì đã lưu vẫn còn trên máy.",
    reload: "Mở lại",
  },
  en: {
    crashed: "The app has failed and stopped.",
    unsupported: "This browser is too old, or the app did not load completely.",
    kept: "What was saved is still on this phone.",
    reload: "Open again",
  },
};

function showFailure(kind) {
  if (document.getElementById("failure")) return;
  const words = WORDS[root.lang] ?? WORDS.vi;
  const screen = document.createElement("div");
  screen.id = "failure";
  screen.setAttribute("role", "alertdialog");
  for (const text of [words[kind], words.kept]) {
    const line = document.createElement("p");
    line.textContent = text;
    screen.append(line);
  }
  const button = document.createElement("button");
  button.textContent = words.reload;
  button.addEventListener("click", () => location.reload());
  screen.append(button);
  document.body.append(screen);
  button.focus();
}

// The app's panic hook says this: after a panic its state is of no use, and every answer is stored already.
addEventListener("sotay-panic", () => showFailure("crashed"));

// The browser's offer to install may come before the app listens for it.
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  window.sotayInstallOffer = event;
  dispatchEvent(new Event("sotay-install-offer"));
});

try {
  const { default: start } = await import(script.dataset.js);
  await start({ module_or_path: script.dataset.wasm });
} catch (error) {
  console.error(error);
  showFailure("unsupported");
}

if ("serviceWorker" in navigator) {
  navigator.serviceWorker
    .register("/sw.js", { updateViaCache: "none" })
    .catch((error) => console.error("the app is not kept on this device:", error));
}
