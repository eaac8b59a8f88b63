/**
 * Compiles a regular expression of Go (RE2, as `regexp.Compile` reads it) for this engine; undefined where Go refuses it.
 * The two differ where a pattern of `.cfignore` may hold anything: `[]a]`, `[[:alpha:]]`, `\z`, `\Q...\E`, escapes of letters,
 * which mean nothing there and the letter here. Groups with options, `(?i:...)`, cannot come: the question mark is escaped.
 */
export function compileRe2(source: string): RegExp | undefined {
  try {
    return new RegExp(new Translation(source).pattern(), "v");
  } catch {
    return undefined;
  }
}

const posixClasses: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: String.raw`\u{0}-\u{7f}`,
  blank: String.raw`\t\u{20}`,
  cntrl: String.raw`\u{0}-\u{1f}\u{7f}`,
  digit: "0-9",
  graph: String.raw`\u{21}-\u{7e}`,
  lower: "a-z",
  print: String.raw`\u{20}-\u{7e}`,
  punct: String.raw`\u{21}-\u{2f}\u{3a}-\u{40}\u{5b}-\u{60}\u{7b}-\u{7e}`,
  space: String.raw`\t\n\v\f\r\u{20}`,
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

/** The classes of a letter after a backslash; those of upper case are their complements. */
const perlClasses: Readonly<Record<string, string>> = {
  d: "0-9",
  s: String.raw`\t\n\f\r\u{20}`,
  w: "0-9A-Za-z_",
};

/** In groups: Go lets them be repeated. */
const assertions: Readonly<Record<string, string>> = {
  A: "(?:^)",
  z: "(?:$)",
  b: String.raw`(?:\b)`,
  B: String.raw`(?:\B)`,
};

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };
const mostRepeats = 1_000;

class Translation {
  #rest: string;

  constructor(source: string) {
    this.#rest = source;
  }

  pattern(): string {
    let pattern = "";
    while (this.#rest !== "") pattern += this.#next();
    return pattern;
  }

  #next(): string {
    const repeat = this.#take(/^\{(0|[1-9]\d*)(?:(,)(0|[1-9]\d*)?)?\}/);
    if (repeat !== undefined) return checkedRepeat(repeat);
    if (this.#rest.startsWith("\\")) return this.#escape();
    if (this.#rest.startsWith("[")) return this.#class();
    const character = this.#character();
    switch (character) {
      case ".":
        return String.raw`[^\n]`;
      case "^":
      case "$":
        return `(?:${character})`;
      case "(":
        return "(?:";
      case ")":
      case "|":
      case "*":
      case "+":
      case "?":
        return character;
      default:
        return literal(character);
    }
  }

  #escape(): string {
    const quoted = this.#take(/^\\Q(.*?)(?:\\E|$)/s);
    if (quoted !== undefined) return Array.from(quoted[1] ?? "", literal).join("");
    const assertion = assertions[this.#rest[1] ?? ""];
    if (assertion !== undefined) {
      this.#rest = this.#rest.slice(2);
      return assertion;
    }
    return this.#classEscape() ?? literal(this.#escapedCharacter());
  }

  /** `\d`, `\pL`: undefined where no class comes. */
  #classEscape(): string | undefined {
    const perl = this.#take(/^\\([dswDSW])/)?.[1];
    if (perl !== undefined) {
      const lower = perl.toLowerCase();
      return `[${lower === perl ? "" : "^"}${perlClasses[lower] ?? ""}]`;
    }
    const unicode = this.#take(/^\\([pP])(?:\{(\^?)(\w+)\}|(\w))/);
    if (unicode === undefined) return undefined;
    const [, kind, caret = "", long, short] = unicode;
    const name = long ?? short ?? "";
    const isNegated = (kind === "P") !== (caret === "^");
    const property = name.length <= 2 || name === "Any" ? name : `Script=${name}`;
    return `\\${isNegated ? "P" : "p"}{${property}}`;
  }

  #class(): string {
    this.#rest = this.#rest.slice(1);
    let content = this.#take(/^\^/) === undefined ? "" : "^";
    // A bracket that closes at once is a character.
    for (let isFirst = true; isFirst || !this.#rest.startsWith("]"); isFirst = false) {
      content += this.#classMember();
    }
    this.#rest = this.#rest.slice(1);
    return `[${content}]`;
  }

  #classMember(): string {
    const posix = this.#take(/^\[:(.*?):\]/s)?.[1];
    if (posix !== undefined) {
      const named = posixClasses[posix.replace(/^\^/, "")];
      if (named === undefined) throw new SyntaxError(`There is no class "${posix}"`);
      return `[${posix.startsWith("^") ? "^" : ""}${named}]`;
    }
    const escaped = this.#rest.startsWith("\\") ? this.#classEscape() : undefined;
    if (escaped !== undefined) return escaped;
    const low = literal(this.#classCharacter());
    if (this.#take(/^-(?=[^\]])/s) === undefined) return low;
    return `${low}-${literal(this.#classCharacter())}`;
  }

  #classCharacter(): string {
    return this.#rest.startsWith("\\") ? this.#escapedCharacter() : this.#character();
  }

  /** A backslash and what makes one character with it. */
  #escapedCharacter(): string {
    const octal = this.#take(/^\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/)?.[1];
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    const hex = this.#take(/^\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))/);
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex[1] ?? hex[2] ?? "", 16));
    const control = this.#take(/^\\([afnrtv])/)?.[1];
    if (control !== undefined) return String.fromCodePoint(controls[control] ?? 0);
    const punctuation = this.#take(/^\\([\0-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f])/)?.[1];
    if (punctuation === undefined) throw new SyntaxError(`No such escape: ${this.#rest}`);
    return punctuation;
  }

  #character(): string {
    const [character] = this.#rest;
    if (character === undefined) throw new SyntaxError("The expression ends early");
    this.#rest = this.#rest.slice(character.length);
    return character;
  }

  #take(expression: RegExp): RegExpExecArray | undefined {
    const match = expression.exec(this.#rest);
    if (match === null) return undefined;
    this.#rest = this.#rest.slice(match[0].length);
    return match;
  }
}

function checkedRepeat([text, least, , most]: RegExpExecArray): string {
  if (Math.max(Number(least), Number(most ?? 0)) <= mostRepeats) return text;
  throw new SyntaxError(`Too many repeats: ${text}`);
}

function literal(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
