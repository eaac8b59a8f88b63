import { findBuildGuid } from "../actors/find-build.ts";
import { runTerminal } from "../actors/terminal-session.ts";
import { askForShell, type ShellTicket } from "../api/build-shell.ts";
import { SaidFailure } from "../failure.ts";
import { safeText } from "../ui/safe-text.ts";
import { shellWords } from "../ui/shell-words.ts";
import type { Ui } from "../ui/ui.ts";
import type { Command } from "./command.ts";

export const stageShell: Command = {
  usage: `rivera stage-shell BUILD
   rivera stage-shell APP_NAME

A terminal in the container of a staging that has failed, as it was then: app, dependencies, build cache and environment. Of an
app that of its newest build. The container is kept for a while (15 minutes where the operator has set nothing else) and gives
way to other work and other failed stagings. The exit status is the shell's.`,
  examples: `rivera stage-shell my-app
echo 'ls -l; cat npm-debug.log' | rivera stage-shell my-app`,
  arguments: [{ name: "BUILD_OR_APP" }],
  flags: [],
  seeAlso: ["build-log", "push", "stage-retry", "timeline"],
  async run(session, input) {
    const { ui, config } = session;
    const cc = await session.cloudController();
    const guid = await findBuildGuid(session, cc, input.argument("BUILD_OR_APP"));
    const ticket = await askForShell(cc, guid);
    describe(ui, ticket);
    const { Target: target, SSLDisabled: skipSslValidation } = config.values;
    const url = new URL(`${target.replace(/\/+$/, "")}/rivera/v1/builds/${guid}/shell`);
    const transport = await session.transport();
    const agent = transport.agentFor(url);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const status = await runTerminal(
      { url, ticket: ticket.ticket, agent, skipSslValidation },
      {
        input: ui.streams.input,
        out: ui.streams.out,
        clock: session.clock,
        signal: session.signal,
      },
    );
    if (status !== 0) throw new SaidFailure("", { exitCode: status });
  },
};

/** On stderr: what the shell prints is the result. */
function describe(ui: Ui, { app, directory, script, kept_until: until }: ShellTicket): void {
  const kept = until === null ? "" : `, kept until ${until.slice(11, 16)} UTC`;
  ui.warning(
    `The failed staging of ${safeText(app.name)}, in ${safeText(directory)}${kept}. Leave with: exit`,
  );
  if (script !== null) ui.warning(`What failed: ${safeText(shellWords(script))}`);
  ui.warning("");
}
