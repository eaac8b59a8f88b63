/** What became of one test. */
export interface Outcome {
  readonly result: "passed" | "failed" | "skipped" | "not there";
  readonly reason: string;
}

interface Table {
  /** By the test's name: `cf push: the official client`, `GET /v3/apps: refuses`. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** With what it was made. */
  readonly notes: readonly string[];
  readonly catalogue: readonly {
    readonly name: string;
    readonly priority: string;
    readonly category: string;
  }[];
}

const untested: Outcome = { result: "not there", reason: "no test" };

/** The published table, endpoint by endpoint and command by command. */
export function markdown({ outcomes, notes, catalogue }: Table): string {
  const commands = catalogue.map(({ name, priority, category }) => ({
    cells: [`\`${name}\``, priority, category],
    wire: outcomes.get(`cf ${name}: as the client asks`),
    client: outcomes.get(`cf ${name}: the official client`) ?? untested,
  }));
  const endpoints = [...outcomes.keys()]
    .filter((name) => name.endsWith(": answers"))
    .map((name) => name.slice(0, -": answers".length))
    .map((name) => ({
      name,
      answers: outcomes.get(`${name}: answers`) ?? untested,
      refuses: outcomes.get(`${name}: refuses`) ?? untested,
    }));
  const clientRan = commands.filter(({ client }) => client.result !== "skipped");
  return `# Conformance

Written by \`npm run conformance\` from the test runner's results; not edited by hand. \`CF_CLI\` names the official client,
else \`cf\` on the PATH is taken; without one its column says skipped. The tests are in \`test/conformance/\`.

Made with: ${[...notes, `Node ${process.version}`].join("; ")}.

| what | passed | failed | skipped | not there |
|---|---|---|---|---|
${summary(
  "commands by the official client",
  commands.map(({ client }) => client),
)}
${summary(
  "commands over the wire, as the client asks",
  commands.flatMap(({ wire }) => wire ?? []),
)}
${summary(
  "endpoints: a request that succeeds",
  endpoints.map(({ answers }) => answers),
)}
${summary(
  "endpoints: what must be refused",
  endpoints.map(({ refuses }) => refuses),
)}

## Commands

"Official client": the command was run by it; its exit code, output and effect were checked, and its requests are those of the
suite${clientRan.length === 0 ? " (it was not there)" : ""}. "Over the wire": the suite's own requests in its way, every answer read for what the client needs; a dash is a
command without requests of its own.

| command | priority | category | official client | over the wire | reason |
|---|---|---|---|---|---|
${commands
  .map(({ cells, wire, client }) =>
    row([...cells, client.result, wire?.result ?? "-", reasons([client, wire])]),
  )
  .join("\n")}

## Endpoints

"Answers": a request that succeeds, its answer compared key by key. "Refuses": without a token, and a guid, a field or a query
parameter that nobody knows, or a bad message.

| endpoint | answers | refuses | reason |
|---|---|---|---|
${endpoints
  .map(({ name, answers, refuses }) =>
    row([`\`${name}\``, answers.result, refuses.result, reasons([answers, refuses])]),
  )
  .join("\n")}
`;
}

function summary(what: string, outcomes: readonly Outcome[]): string {
  const count = (result: Outcome["result"]) =>
    String(outcomes.filter((outcome) => outcome.result === result).length);
  return row([what, count("passed"), count("failed"), count("skipped"), count("not there")]);
}

function reasons(outcomes: readonly (Outcome | undefined)[]): string {
  return [...new Set(outcomes.map((outcome) => outcome?.reason ?? ""))].filter(Boolean).join("; ");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}
