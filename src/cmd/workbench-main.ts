import { runClientMain } from "./client-main.ts";
import { runCommand } from "./run-command.ts";
import { stageCommand } from "./stage-command.ts";

// `rivera stage` and `rivera run`: what runs containers on this machine without a platform.
await runClientMain({ stage: stageCommand, run: runCommand });
