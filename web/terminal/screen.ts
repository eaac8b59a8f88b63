import { FitAddon } from "@xterm/addon-fit";
import { Terminal, type ITheme } from "@xterm/xterm";
import { useObjectModelStyles } from "./object-model-styles.ts";
import type { Window } from "./shell-connection.ts";

export interface ScreenEvents {
  typed(text: string): void;
  resized(window: Window): void;
  /** The key that leads out: a terminal takes all others, Tab too. */
  left(): void;
}

export interface Screen extends Disposable {
  readonly window: Window;
  /** Resolves once it is on the screen. */
  show(bytes: Uint8Array): Promise<void>;
  focus(): void;
  /** Nothing is typed any more. */
  end(): void;
}

/** Loaded when a terminal is opened: it is larger than all the rest of the page. */
export function openScreen(place: HTMLElement, events: ScreenEvents): Screen {
  const styles = useObjectModelStyles();
  const terminal = new Terminal({
    fontFamily: getComputedStyle(place).fontFamily,
    fontSize: 13,
    theme: themeOf(place),
    // The sixteen colours are made for dark paper.
    minimumContrastRatio: 4.5,
    scrollback: 5_000,
    screenReaderMode: true,
    // A link of a program's output leads nowhere: it would be the page's word for an address that somebody else wrote.
    linkHandler: { activate: () => undefined },
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(place);
  terminal.textarea?.setAttribute("aria-label", "Terminal in the failed staging");
  fit.fit();
  terminal.onData((text) => events.typed(text));
  terminal.onResize(({ cols, rows }) => events.resized({ columns: cols, rows }));
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.key !== "F6") return true;
    event.preventDefault();
    if (event.type === "keydown") events.left();
    return false;
  });
  const resizing = new ResizeObserver(() => fit.fit());
  resizing.observe(place);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const recolour = () => {
    terminal.options.theme = themeOf(place);
  };
  dark.addEventListener("change", recolour);
  return {
    get window() {
      return { columns: terminal.cols, rows: terminal.rows };
    },
    show: async (bytes) => await new Promise((resolve) => terminal.write(bytes, resolve)),
    focus: () => terminal.focus(),
    end: () => {
      terminal.options.disableStdin = true;
      terminal.options.cursorBlink = false;
    },
    [Symbol.dispose]() {
      resizing.disconnect();
      dark.removeEventListener("change", recolour);
      terminal.dispose();
      styles[Symbol.dispose]();
    },
  };
}

/** The page's own colours, as the place where the terminal stands has them. */
function themeOf(place: HTMLElement): ITheme {
  const { color, backgroundColor, accentColor } = getComputedStyle(place);
  return { background: backgroundColor, foreground: color, cursor: accentColor };
}
