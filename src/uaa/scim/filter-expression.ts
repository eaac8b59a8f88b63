import { sql, type Expression, type SqlBool } from "kysely";
import { UaaError } from "../uaa-error.ts";

/** A column that an attribute of SCIM stands for. */
interface FilterColumn {
  readonly column: string;
  /** `folded`: text that the column holds in lower case; `flag`: 0 or 1. */
  readonly kind: "text" | "folded" | "flag";
}

/** Attributes in lower case: SCIM's names have no case. */
export type FilterColumns = Readonly<Record<string, FilterColumn>>;

export type FilterExpression =
  | {
      readonly operator: "and" | "or";
      readonly left: FilterExpression;
      readonly right: FilterExpression;
    }
  | {
      readonly operator: "eq" | "co" | "sw";
      readonly column: FilterColumn;
      readonly value: string;
    }
  | { readonly operator: "pr"; readonly column: FilterColumn };

const token = /\s*(?:([()])|"((?:[^"\\]|\\.)*)"|([\w.:-]+))\s*/y;

/**
 * Parses a filter of SCIM 1.0: `attribute eq|co|sw "value"`, `attribute pr`, joined by `and`, which binds tighter, and
 * `or`, in parentheses where wanted.
 *
 * @throws UaaError `scim` for what is none, or names an attribute that is not among the columns
 */
export function parseFilter(text: string, columns: FilterColumns): FilterExpression {
  const refusal = () => new UaaError("scim", `Invalid filter expression: [${text.slice(0, 256)}]`);
  const tokens = tokenize(text, refusal);
  let next = 0;
  const take = (): Token => {
    const taken = tokens[next];
    if (taken === undefined) throw refusal();
    next += 1;
    return taken;
  };
  const isNext = (word: string): boolean => {
    const coming = tokens[next];
    return coming !== undefined && !coming.isQuoted && coming.text.toLowerCase() === word;
  };

  function joined(operator: "and" | "or", operand: () => FilterExpression): FilterExpression {
    let left = operand();
    while (isNext(operator)) {
      take();
      left = { operator, left, right: operand() };
    }
    return left;
  }
  const disjunction = (): FilterExpression => joined("or", () => joined("and", term));
  function term(): FilterExpression {
    if (!isNext("(")) return comparison();
    take();
    const inner = disjunction();
    if (take().text !== ")") throw refusal();
    return inner;
  }
  function comparison(): FilterExpression {
    const attribute = take();
    const operator = take().text.toLowerCase();
    const name = attribute.text.toLowerCase();
    const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
    if (column === undefined || attribute.isQuoted) throw refusal();
    if (operator === "pr") return { operator, column };
    if (operator !== "eq" && operator !== "co" && operator !== "sw") throw refusal();
    const value = take();
    if (value.isQuoted === (column.kind === "flag")) throw refusal();
    if (column.kind === "flag" && (operator !== "eq" || !/^(true|false)$/i.test(value.text))) {
      throw refusal();
    }
    return { operator, column, value: value.text };
  }

  const expression = disjunction();
  if (next !== tokens.length) throw refusal();
  return expression;
}

/** The same as a condition of SQL. */
export function where(expression: FilterExpression): Expression<SqlBool> {
  switch (expression.operator) {
    case "and":
      return sql`(${where(expression.left)} and ${where(expression.right)})`;
    case "or":
      return sql`(${where(expression.left)} or ${where(expression.right)})`;
    case "pr": {
      const column = sql.ref(expression.column.column);
      return expression.column.kind === "flag"
        ? sql`${column} is not null`
        : sql`(${column} is not null and ${column} <> '')`;
    }
    case "eq":
      return sql`${sql.ref(expression.column.column)} = ${comparable(expression)}`;
    case "co":
    case "sw": {
      const pattern = expression.value.toLowerCase().replace(/[\\%_]/g, "\\$&");
      const start = expression.operator === "co" ? "%" : "";
      return sql`lower(${sql.ref(expression.column.column)}) like ${`${start}${pattern}%`} escape '\\'`;
    }
  }
}

function comparable(expression: {
  readonly column: FilterColumn;
  readonly value: string;
}): string | number {
  switch (expression.column.kind) {
    case "flag":
      return expression.value.toLowerCase() === "true" ? 1 : 0;
    case "folded":
      return expression.value.toLowerCase();
    case "text":
      return expression.value;
  }
}

interface Token {
  readonly text: string;
  readonly isQuoted: boolean;
}

function tokenize(text: string, refusal: () => UaaError): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (match === null) throw refusal();
    const [, parenthesis, quoted, word] = match;
    tokens.push(
      quoted === undefined
        ? { text: parenthesis ?? word ?? "", isQuoted: false }
        : { text: quoted.replace(/\\(.)/g, "$1"), isQuoted: true },
    );
  }
  return tokens;
}
