import { z } from "zod";
import type { Logger } from "#kernel/log/logger.ts";
import { requireSignature } from "../blobs/blob-routes.ts";
import type { SignedUrls } from "../blobs/signed-urls.ts";
import type { ApiServer } from "../http/create-server.ts";
import { CfError } from "../http/cf-errors.ts";
import { findTask } from "./find-task.ts";
import { completeTask, type TaskStates } from "./task-ending.ts";
import { completedPath } from "./task-facts.ts";
import { isFinal } from "./task-table.ts";

const envelope = z.object({ task_guid: z.string() });
const completion = z.object({ failed: z.boolean(), failure_reason: z.string() });

/** What the BBS calls when a task has ended. The URL is signed. */
export function registerTaskCompletion(
  internal: ApiServer,
  {
    states,
    signedUrls,
    logger,
  }: { readonly states: TaskStates; readonly signedUrls: SignedUrls; readonly logger: Logger },
): void {
  internal.post<{ Params: { guid: string } }>(
    completedPath(":guid"),
    { config: { signed: true }, onRequest: requireSignature(signedUrls) },
    async (request) => {
      const { guid } = request.params;
      const task = await findTask(states.db, guid);
      if (task === undefined) throw new CfError("ResourceNotFound", `Task not found: ${guid}`);
      const named = envelope.safeParse(request.body);
      if (named.data?.task_guid !== guid || isFinal(task.state)) {
        throw new CfError("InvalidRequest");
      }
      const told = completion.safeParse(request.body);
      if (!told.success) logger.error("task-completion-malformed", { task: guid });
      const { failed, failure_reason: failureReason } = told.data ?? malformed;
      await completeTask(states, guid, { failed, failureReason });
      return {};
    },
  );
}

const malformed = { failed: true, failure_reason: "Malformed task response from Diego" };
