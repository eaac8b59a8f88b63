import { loadBuilds } from "../api/app-overview.ts";
import { Moment } from "../parts/moment.tsx";
import { Shown } from "../parts/notice.tsx";
import { StateMark } from "../parts/state-mark.tsx";
import { usePlatformData } from "../platform.ts";
import { buildDurationText, buildWord } from "./state-words.ts";
import { addressOf } from "./view-address.ts";

export function AppBuilds({ guid }: { readonly guid: string }) {
  const live = usePlatformData(`builds ${guid}`, (api, signal) => loadBuilds(api, guid, signal));
  return (
    <section>
      <h2>Builds</h2>
      <Shown live={live} what="the builds">
        {(builds) =>
          builds.length === 0 ? (
            <p class="faint">
              None. <code>cf push</code> makes one.
            </p>
          ) : (
            <table class="list">
              <caption class="spoken">Builds, the newest first, 50 at most</caption>
              <thead>
                <tr>
                  <th scope="col">Build</th>
                  <th scope="col">State</th>
                  <th scope="col">Reason</th>
                  <th scope="col" class="number">
                    Took
                  </th>
                  <th scope="col">By</th>
                </tr>
              </thead>
              <tbody>
                {builds.map((build) => (
                  <tr key={build.guid}>
                    <th scope="row">
                      <a href={addressOf({ name: "build", guid: build.guid, part: "log" })}>
                        <Moment at={build.created_at} />
                      </a>
                    </th>
                    <td data-label="State">
                      <StateMark {...buildWord(build.state)} />
                    </td>
                    <td data-label="Reason" class="reason">
                      {build.error === null ? "–" : build.error.slice(0, 300)}
                    </td>
                    <td data-label="Took" class="number">
                      {buildDurationText(build, Date.now())}
                    </td>
                    <td data-label="By">{build.created_by.name ?? "–"}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Shown>
    </section>
  );
}
