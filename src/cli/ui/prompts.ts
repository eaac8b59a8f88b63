import { createInterface } from "node:readline";
import { Failure } from "../failure.ts";
import type { Ui } from "./ui.ts";

/** Questions to the user: on a terminal with line editing and hidden passwords, else a line of the input an answer. */
export class Prompts {
  readonly #ui: Ui;
  #lines: AsyncIterator<string> | undefined;

  constructor(ui: Ui) {
    this.#ui = ui;
  }

  /** Asks until an answer comes that is not empty. */
  async text(label: string): Promise<string> {
    for (;;) {
      const answer = await this.#ask(`${label}: `);
      if (answer !== "") return answer;
    }
  }

  /** As `text`, showing nothing of what is typed on a terminal. */
  async password(label: string): Promise<string> {
    for (;;) {
      const answer = await this.#ask(`${label}: `, { hidden: true });
      if (answer !== "") return answer;
    }
  }

  async yesNo(question: string): Promise<boolean> {
    for (;;) {
      const answer = await this.#ask(`${question} [yN]: `);
      if (/^(y|yes)$/i.test(answer)) return true;
      if (/^(n|no|)$/i.test(answer)) return false;
      this.#ui.text("invalid input (not y, n, yes, or no)");
    }
  }

  /** A numbered menu, answered by number or name; undefined where the user skips it or the input has ended. */
  async menu(options: {
    readonly title: string;
    readonly label: string;
    readonly choices: readonly string[];
  }): Promise<string | undefined> {
    const { title, label, choices } = options;
    for (;;) {
      this.#ui.text(title);
      for (const [index, choice] of choices.entries()) this.#ui.text(`${index + 1}. ${choice}`);
      this.#ui.newline();
      const answer = await this.#ask(`${label} (enter to skip): `, { orAtEnd: "" });
      if (answer === "") return undefined;
      if (!/^\d+$/.test(answer)) return answer;
      const chosen = choices[Number(answer) - 1];
      if (chosen !== undefined) return chosen;
    }
  }

  async #ask(question: string, options: AskOptions = {}): Promise<string> {
    const { input, out } = this.#ui.streams;
    out.write(question);
    const answer =
      "isTTY" in input && input.isTTY === true
        ? await this.#fromTerminal(options.hidden === true)
        : await this.#fromLines();
    if (answer !== undefined) return answer;
    if (options.orAtEnd !== undefined) return options.orAtEnd;
    throw new Failure("EOF");
  }

  async #fromTerminal(hidden: boolean): Promise<string | undefined> {
    const { input, out } = this.#ui.streams;
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
    const lines = createInterface({ input, terminal: true, ...(hidden ? {} : { output: out }) });
    lines.once("line", (line) => resolve(line.trim()));
    lines.once("SIGINT", () => reject(new Failure("Interrupted", { exitCode: 130 })));
    lines.once("close", () => resolve(undefined));
    try {
      return await promise;
    } finally {
      lines.close();
      if (hidden) out.write("\n");
    }
  }

  /** One reader for all questions: a piped input arrives in chunks of many lines. */
  async #fromLines(): Promise<string | undefined> {
    const { input, out } = this.#ui.streams;
    this.#lines ??= createInterface({ input, terminal: false })[Symbol.asyncIterator]();
    const next = await this.#lines.next();
    if (next.done === true) return undefined;
    out.write("\n");
    return next.value.trim();
  }
}

interface AskOptions {
  readonly hidden?: boolean;
  readonly orAtEnd?: string;
}
