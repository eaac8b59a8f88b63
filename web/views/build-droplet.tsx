import { loadDroplet } from "../api/build-overview.ts";
import type { Build, Droplet } from "../api/records.ts";
import { Shown } from "../parts/notice.tsx";
import { usePlatformData } from "../platform.ts";
import { DropletFiles } from "./droplet-files.tsx";

/** What the staging made: the buildpacks that took part, how the app starts, what lies in it. */
export function BuildDroplet({ build }: { readonly build: Build }) {
  if (build.droplet !== null) return <DropletOf guid={build.droplet.guid} />;
  return (
    <p class="faint">
      {build.state === "FAILED"
        ? "The staging failed, so there is no droplet."
        : "The droplet is there once the staging has ended."}
    </p>
  );
}

function DropletOf({ guid }: { readonly guid: string }) {
  const live = usePlatformData(`droplet ${guid}`, (api, signal) => loadDroplet(api, guid, signal), {
    everyMs: 30_000,
  });
  return (
    <Shown live={live} what="the droplet">
      {(droplet) => (
        <>
          <Buildpacks droplet={droplet} />
          <ProcessTypes droplet={droplet} />
          <section>
            <h2>Droplet</h2>
            <p class="wrap">
              <code>{droplet.guid}</code>, {droplet.state.toLowerCase()}
              {droplet.stack === null ? "" : `, for the stack ${droplet.stack}`}
            </p>
            {droplet.checksum === null ? null : (
              <p class="wrap faint">
                sha256 <code>{droplet.checksum.value}</code>
              </p>
            )}
          </section>
          {droplet.state === "STAGED" ? <DropletFiles key={guid} guid={guid} /> : null}
        </>
      )}
    </Shown>
  );
}

function Buildpacks({ droplet }: { readonly droplet: Droplet }) {
  return (
    <section>
      <h2>Buildpacks</h2>
      {droplet.buildpacks === null || droplet.buildpacks.length === 0 ? (
        <p class="faint">None took part.</p>
      ) : (
        <table class="list">
          <caption class="spoken">Buildpacks of the droplet, in their order</caption>
          <thead>
            <tr>
              <th scope="col">Buildpack</th>
              <th scope="col">Version</th>
              <th scope="col">Detected as</th>
            </tr>
          </thead>
          <tbody>
            {droplet.buildpacks.map((buildpack) => (
              <tr key={buildpack.name}>
                <th scope="row">{buildpack.name}</th>
                <td data-label="Version">{buildpack.version ?? "–"}</td>
                <td data-label="Detected as">{buildpack.detect_output ?? "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function ProcessTypes({ droplet }: { readonly droplet: Droplet }) {
  const types = Object.entries(droplet.process_types ?? {});
  return (
    <section>
      <h2>Process types</h2>
      {types.length === 0 ? (
        <p class="faint">The buildpacks named none.</p>
      ) : (
        <dl class="commands">
          {types.map(([type, command]) => (
            <div key={type}>
              <dt>{type}</dt>
              <dd>
                <code>{command}</code>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}
