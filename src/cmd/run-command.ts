import { parsePort } from "#cli/commands/flag-values.ts";
import type { ParsedInput } from "#cli/commands/parsed-input.ts";
import { Failure } from "#cli/failure.ts";
import type { Session } from "#cli/session.ts";
import { safeText } from "#cli/ui/safe-text.ts";
import { showLogMessage } from "#cli/ui/show-log.ts";
import { openWorkbenchFor } from "./open-workbench.ts";
import { existingPath, parseLimits, parseVariables } from "./workbench-input.ts";

/** `rivera run`. */
export async function runCommand(session: Session, input: ParsedInput): Promise<void> {
  const { ui, workingFolder, signal } = session;
  const given = input.argument("DROPLET");
  const request = {
    droplet: existingPath(workingFolder, given),
    processType: input.value("process") ?? "web",
    command: input.value("command"),
    port: parsePort(input.value("port")) ?? 0,
    environment: parseVariables(input.values("env")),
    stack: input.value("stack") ?? "cflinuxfs4",
    ...parseLimits(input, { memoryInMb: 1024, diskInMb: 1024 }),
  };
  await using workbench = await openWorkbenchFor(session, input);
  const outcome = await workbench.run(request, {
    signal,
    onCommand(command, sidecars) {
      ui.text(ui.flavor`Running ${given}: ${safeText(command)}`);
      for (const sidecar of sidecars) {
        ui.text(ui.flavor`Beside it ${safeText(sidecar.name)}: ${safeText(sidecar.command)}`);
      }
    },
    onRunning(address) {
      ui.text(
        address === undefined
          ? "It runs. Ctrl-C stops it."
          : ui.flavor`It runs at ${address}. Ctrl-C stops it.`,
      );
    },
    onLine: ({ timestamp, source, instance, type, text }) =>
      showLogMessage(ui, { timestamp, sourceType: source, instance, type, text }, { header: true }),
  });
  if (signal.aborted) {
    ui.text("Stopped.");
    return;
  }
  throw new Failure(
    outcome.failed ? `The app has ended: ${outcome.failureReason}` : "The app has ended by itself",
  );
}
