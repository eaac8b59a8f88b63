/**
 * `created_ats=a,b` means "within one of these seconds"; `created_ats[gt]=a` compares, where gt and lte count from the
 * end of the second. Times are stored with milliseconds as sortable text.
 */
export type TimestampFilter =
  | { readonly kind: "within"; readonly seconds: readonly SecondRange[] }
  | {
      readonly kind: "compare";
      readonly operator: "<" | "<=" | ">" | ">=";
      readonly instant: string;
    };

interface SecondRange {
  readonly from: string;
  readonly to: string;
}

const format = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const operators = { lt: "<", lte: "<=", gt: ">", gte: ">=" } as const;
const misformed =
  "has an invalid timestamp format. Timestamps should be formatted as 'YYYY-MM-DDThh:mm:ssZ'";

/** What one query parameter asks for; what is wrong is reported as a predicate, and asks for nothing. */
export function parseTimestampFilter(
  operator: string | undefined,
  text: string,
  report: (predicate: string) => void,
): TimestampFilter | undefined {
  if (operator !== undefined && !isOperator(operator)) {
    report(`Invalid relational operator: '${operator}'`);
    return undefined;
  }
  if (operator !== undefined && text.includes(",")) {
    report("only accepts one value when using a relational operator");
    return undefined;
  }
  const values = text.split(/,\s*/);
  if (!values.every((value) => format.test(value))) {
    report(misformed);
    return undefined;
  }
  if (operator === undefined) return { kind: "within", seconds: values.map(rangeOf) };
  const { from, to } = rangeOf(text);
  const fromEnd = operator === "gt" || operator === "lte";
  return { kind: "compare", operator: operators[operator], instant: fromEnd ? to : from };
}

function isOperator(text: string): text is keyof typeof operators {
  return Object.hasOwn(operators, text);
}

function rangeOf(second: string): SecondRange {
  const base = second.slice(0, -1);
  return { from: `${base}.000Z`, to: `${base}.999Z` };
}
