import type { Build } from "../api/records.ts";
import { Moment } from "../parts/moment.tsx";
import { failureWords } from "./failure-words.ts";
import { addressOf } from "./view-address.ts";

/** On an app's page: its newest build failed, which is seen before all else. */
export function FailedBuildNotice({ build }: { readonly build: Build }) {
  const words = failureWords(build.error ?? "");
  return (
    <div class="notice notice-bad">
      <p class="notice-title">
        {words.headline}, <Moment at={build.created_at} />
      </p>
      <p>{words.details}</p>
      <p>
        <a href={addressOf({ name: "build", guid: build.guid, part: "log" })}>
          Why: log and reason
        </a>
      </p>
    </div>
  );
}
