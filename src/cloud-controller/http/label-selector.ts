import { CfError } from "./cf-errors.ts";

/** One requirement of a `label_selector`; all must hold. */
export type LabelRequirement =
  | { readonly kind: "exists" | "absent"; readonly key: string }
  | { readonly kind: "in" | "not-in"; readonly key: string; readonly values: readonly string[] };

const maximumRequirements = 50;
const key = String.raw`[^\s,!=()]+`;
const value = String.raw`[\w.-]*`;
const forms = {
  exists: new RegExp(`^(${key})$`),
  absent: new RegExp(`^!(${key})$`),
  equal: new RegExp(`^(${key})\\s*==?\\s*(${value})$`),
  notEqual: new RegExp(`^(${key})\\s*!=\\s*(${value})$`),
  inSet: new RegExp(`^(${key})\\s+in\\s*\\(([^()]*)\\)$`),
  notInSet: new RegExp(`^(${key})\\s+notin\\s*\\(([^()]*)\\)$`),
};

export function parseLabelSelector(text: string): readonly LabelRequirement[] {
  const parts = splitOutsideParentheses(text);
  if (parts.length > maximumRequirements) {
    throw invalid(`Too many label_selector requirements (maximum is ${maximumRequirements})`);
  }
  return parts.map((part) => parseRequirement(part.trim()));
}

function parseRequirement(text: string): LabelRequirement {
  const matched = (form: RegExp) => {
    const match = form.exec(text);
    return match === null ? undefined : { key: match[1] ?? "", rest: match[2] ?? "" };
  };
  const equal = matched(forms.equal);
  if (equal !== undefined) return { kind: "in", key: checkedKey(equal.key), values: [equal.rest] };
  const notEqual = matched(forms.notEqual);
  if (notEqual !== undefined) {
    return { kind: "not-in", key: checkedKey(notEqual.key), values: [notEqual.rest] };
  }
  const inSet = matched(forms.inSet);
  if (inSet !== undefined) {
    return { kind: "in", key: checkedKey(inSet.key), values: setValues(inSet.rest) };
  }
  const notInSet = matched(forms.notInSet);
  if (notInSet !== undefined) {
    return { kind: "not-in", key: checkedKey(notInSet.key), values: setValues(notInSet.rest) };
  }
  const absent = matched(forms.absent);
  if (absent !== undefined) return { kind: "absent", key: checkedKey(absent.key) };
  const exists = matched(forms.exists);
  if (exists !== undefined) return { kind: "exists", key: checkedKey(exists.key) };
  throw invalid("Invalid label_selector value");
}

function checkedKey(text: string): string {
  if (!/^([A-Za-z0-9.-]{1,253}\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/.test(text)) {
    throw invalid("Invalid label_selector value");
  }
  return text;
}

function setValues(text: string): readonly string[] {
  const values = text.split(",").map((item) => item.trim());
  if (!values.every((item) => /^[\w.-]+$/.test(item)))
    throw invalid("Invalid label_selector value");
  return values;
}

function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (character === "," && depth === 0) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, text.slice(start)];
}

function invalid(detail: string): CfError {
  return new CfError("BadQueryParameter", `The query parameter is invalid: ${detail}`);
}
