// Starts the app, and covers the page with a plain way out when it cannot run or has failed. Knows no framework: it
// must work when nothing else does.

const root = document.documentElement;
const script = document.querySelector("script[data-wasm]");

// The browser compiles beside the page what is named here: the first part at once, others for whoever comes for a form.
// `compiled` in the program's script of parts takes them from here.
const compile = (href) => {
  const compiling = (async () => WebAssembly.compileStreaming(fetch(href)))();
  compiling.catch(() => {}); // told by whoever waits for it
  return compiling;
};
const first = compile(script.dataset.wasm);
const early = (window.sotayParts = new Map());

// The phone's theme, so that one set of dark colours in the stylesheet serves it and the person's choice.
const dark = matchMedia("(prefers-color-scheme: dark)");
const showTheme = () => root.setAttribute("data-phone", dark.matches ? "dark" : "light");
dark.addEventListener("change", showTheme);
showTheme();

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
  // A dialog in place of the page: what is left of the app goes on for a while, and may open a sheet over anything else.
  const screen = document.createElement("dialog");
  screen.id = "failure";
  screen.setAttribute("role", "alertdialog");
  screen.addEventListener("cancel", (event) => event.preventDefault());
  for (const text of [words[kind], words.kept]) {
    const line = document.createElement("p");
    line.textContent = text;
    screen.append(line);
  }
  const button = document.createElement("button");
  button.className = "button button-primary";
  button.textContent = words.reload;
  // What fails twice at one place is left for the list, from which all else can be reached.
  let isAgain = false;
  try {
    isAgain = kind === "crashed" && sessionStorage.failed === location.pathname;
    if (kind === "crashed") sessionStorage.failed = location.pathname;
  } catch {}
  button.addEventListener("click", () => openAgain(isAgain));
  screen.append(button);
  document.body.replaceChildren(screen);
  if (screen.showModal) screen.showModal();
  else screen.setAttribute("open", "");
  button.focus();
}

// In the version that waits, if there is one: it may have mended what failed, and would go on waiting behind a reload.
async function openAgain(isAgain) {
  const reload = () => location.reload();
  const waiting = (await navigator.serviceWorker?.getRegistration().catch(() => {}))?.waiting;
  if (!waiting) return isAgain ? location.replace("/records") : reload();
  navigator.serviceWorker.addEventListener("controllerchange", reload);
  setTimeout(reload, 3000); // whatever the worker does
  waiting.postMessage("take-over");
}

// A panic in the app traps, without words of its own: its state is of no use then, and every answer is stored already.
const hasCrashed = (error) => error?.name === "RuntimeError"; // WebAssembly.RuntimeError, on browsers without it too
addEventListener("error", (event) => hasCrashed(event.error) && showFailure("crashed"));
addEventListener("unhandledrejection", (event) => hasCrashed(event.reason) && showFailure("crashed"));

// The browser's offer to install may come before the app listens for it.
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  window.sotayInstallOffer = event;
  dispatchEvent(new Event("sotay-install-offer"));
});

const preload = (href, type) => {
  const link = document.createElement("link");
  Object.assign(link, { rel: "preload", as: "fetch", crossOrigin: "anonymous", href, ...type });
  document.head.append(link);
};

// Whoever comes to a form, or has the app on the device, need not wait for the first part before the next are fetched. For
// anybody else they would only share the line with what the first screen needs.
const isAboutForms = /^\/(forms|fill|records)\/./.test(location.pathname);
const isTrial = location.pathname === "/forms/preview";
const { forms, desk } = script.dataset;
for (const href of `${forms} ${isTrial ? desk : ""}`.split(" ").filter(Boolean)) {
  if (isAboutForms) early.set(href, compile(href));
  else if (navigator.serviceWorker?.controller) preload(href, { type: "application/wasm" });
}
const tried = isTrial && new URLSearchParams(location.search).get("src");
if (/^\/[^/\\]/.test(tried || "")) preload(tried);

// Keeping the app on the device shares the line and the processor: whoever came for a form has it before that begins. A weak
// line may break one file off, and then nothing is kept: it is begun again.
async function keep(wait = 20_000) {
  if (!("serviceWorker" in navigator)) return;
  try {
    if ((await navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" })).active) return;
  } catch (error) {
    console.error("the app is not kept on this device:", error);
    // A browser that refuses it does so each time; the app asks for this.
    if ((window.sotayNotKept = /^(Security|NotSupported)Error$/.test(error?.name))) return;
  }
  setTimeout(keep, wait, Math.min(2 * wait, 600_000));
}

try {
  const { default: start } = await import(script.dataset.js);
  if (document.readyState === "loading") await new Promise((read) => document.addEventListener("DOMContentLoaded", read));
  await start({ module_or_path: first });
  navigator.serviceWorker?.controller?.postMessage("started");
  setTimeout(keep, isAboutForms ? 3000 : 0);
} catch (error) {
  console.error(error);
  showFailure(hasCrashed(error) ? "crashed" : "unsupported");
  keep(); // the next version may mend it
}
