import { compileRe2 } from "./re2-expression.ts";

/**
 * `.cfignore`, read as the official client reads it: with the regular expressions of sabhiram/go-gitignore, whose
 * dialect is not quite git's. A question mark stands for itself; characters such as `+` or `[` keep their meaning in a
 * regular expression of Go; a line that makes none is passed over.
 */
export class IgnoreRules {
  readonly #rules: readonly Rule[];
  readonly #hasNegation: boolean;

  constructor(lines: readonly string[]) {
    this.#rules = lines.flatMap((line) => parseRule(line) ?? []);
    this.#hasNegation = this.#rules.some((rule) => rule.isNegated);
  }

  /** `path` is relative to the app's root, with `/` between names and none at either end. */
  matches(path: string): boolean {
    let isIgnored = false;
    for (const rule of this.#rules) {
      if (rule.pattern.test(path)) isIgnored = !rule.isNegated;
    }
    return isIgnored;
  }

  /** Whether nothing below the folder can matter, so that it need not be read: no rule could bring a file back. */
  prunes(folder: string): boolean {
    if (this.#hasNegation) return false;
    return this.#rules.some(
      (rule) => rule.pattern.test(folder) || (rule.isFolder && rule.pattern.test(`${folder}/`)),
    );
  }
}

interface Rule {
  readonly pattern: { test(path: string): boolean };
  readonly isNegated: boolean;
  readonly isFolder: boolean;
}

/** Never part of an app, whatever `.cfignore` says. */
export const defaultIgnoreLines = [
  ".cfignore",
  ".DS_Store",
  ".git",
  ".gitignore",
  ".hg",
  ".svn",
  "_darcs",
  "manifest.yaml",
  "manifest.yml",
];

/** Stands for a star that is already an expression, while the others are still to be translated. */
const doneStar = "#$~";

function parseRule(source: string): Rule | undefined {
  let line = source.replace(/\r+$/, "");
  if (line.startsWith("#")) return undefined;
  line = line.replace(/^ +| +$/g, "");
  if (line === "") return undefined;
  const isNegated = line.startsWith("!");
  if (isNegated) line = line.slice(1);
  if (/^[#!]/.test(line)) line = line.slice(1);
  const pattern = plainName.test(line) ? namedAnywhere(line) : compileRe2(toExpression(line));
  return pattern === undefined ? undefined : { pattern, isNegated, isFolder: line.endsWith("/") };
}

/** No character of it means anything in an expression but the dot, which is one of the name. */
const plainName = /^[\w.-]+$/;

/**
 * What the expression of a plain name says, in a tenth of the time: most rules are such, and each is asked of every file.
 * As there, a line break elsewhere in the path spoils the match.
 */
function namedAnywhere(name: string): Rule["pattern"] {
  const inMiddle = `/${name}/`;
  return {
    test: (path) => path.includes(name) && `/${path}/`.includes(inMiddle) && !path.includes("\n"),
  };
}

function toExpression(line: string): string {
  // `folder/*.ext` is bound to the root, as a line with a leading slash is.
  const isRooted = /([^/+])\/.*\*\./.test(line) && !line.startsWith("/");
  let expression = (isRooted ? `/${line}` : line).replaceAll(".", String.raw`\.`);
  if (expression.startsWith("/**/")) expression = expression.slice(1);
  expression = expression
    .replaceAll("/**/", () => "(/|/.+/)")
    .replaceAll("**/", () => `(|.${doneStar}/)`)
    .replaceAll("/**", () => `(|/.${doneStar})`)
    .replaceAll(String.raw`\*`, () => `\\${doneStar}`)
    .replaceAll("*", () => "([^/]*)")
    .replaceAll("?", () => String.raw`\?`)
    .replaceAll(doneStar, () => "*");
  const tail = expression.endsWith("/") ? "(|.*)$" : "(|/.*)$";
  return expression.startsWith("/")
    ? `^(|/)${expression.slice(1)}${tail}`
    : `^(|.*/)${expression}${tail}`;
}
