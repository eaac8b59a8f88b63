import { useMemo, useState } from "preact/hooks";
import { useDropletFiles } from "../droplet/droplet-files.ts";
import { largestFolders } from "../droplet/folder-sizes.ts";
import type { ListedFile } from "../droplet/tar-listing.ts";
import type { LogRow } from "../log/log-rows.ts";
import { LogView } from "../log/log-view.tsx";
import { sizeText } from "../parts/amount.ts";
import { explain, Notice } from "../parts/notice.tsx";

/** What lies in a droplet. It is read whole for that, so only where somebody asks. */
export function DropletFiles({ guid }: { readonly guid: string }) {
  const [isAsked, setAsked] = useState(false);
  return (
    <section>
      <h2>Files</h2>
      {isAsked ? (
        <Listing guid={guid} />
      ) : (
        <p>
          <button type="button" onClick={() => setAsked(true)}>
            List the files
          </button>{" "}
          <span class="faint">
            Downloads the droplet for that, which its events tell. Packages and their versions:{" "}
            <code>rivera droplet-bom {guid}</code>
          </span>
        </p>
      )}
    </section>
  );
}

const foldersShown = 8;

function Listing({ guid }: { readonly guid: string }) {
  const { state, files, failure } = useDropletFiles(guid);
  const [filter, setFilter] = useState("");
  const folders = useMemo(() => largestFolders(files, foldersShown), [files]);
  const found = useMemo(() => rowsOf(files, filter), [files, filter]);
  if (failure !== undefined) {
    return (
      <Notice title="Cannot list the files" tone="bad">
        <p>{explain(failure)}</p>
      </Notice>
    );
  }
  if (state === "reading") {
    return (
      <p class="faint" role="status">
        Reading the droplet …
      </p>
    );
  }
  const bytes = files.reduce((all, file) => all + file.bytes, 0);
  return (
    <>
      <table class="list">
        <caption class="spoken">The largest folders of the droplet</caption>
        <thead>
          <tr>
            <th scope="col">Folder</th>
            <th scope="col" class="number">
              Files
            </th>
            <th scope="col" class="number">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {folders.map((folder) => (
            <tr key={folder.path}>
              <th scope="row">{folder.path}</th>
              <td class="number" data-label="Files">
                {folder.files}
              </td>
              <td class="number" data-label="Size">
                {sizeText(folder.bytes)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div class="section-row">
        <p role="status">
          {filter.trim() === "" ? "" : `${found.length} of `}
          {files.length} files, {sizeText(bytes)} unpacked
        </p>
        <label class="choice">
          <span>Filter</span>
          <input
            type="search"
            value={filter}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        </label>
      </div>
      <LogView
        label="Files of the droplet"
        rows={found}
        follows={false}
        margin={({ source }) => source.padStart(8, "\u00a0")}
      />
    </>
  );
}

/** As lines, so that as many are as cheap as those of a log. */
function rowsOf(files: readonly ListedFile[], filter: string): LogRow[] {
  const wanted = filter.trim().toLowerCase();
  return files.flatMap(({ path, bytes, target }, number): LogRow[] => {
    const text = target === undefined ? path : `${path} -> ${target}`;
    if (!text.toLowerCase().includes(wanted)) return [];
    const source = target === undefined ? sizeText(bytes) : "link";
    const same = { isError: false, phase: undefined, buildpack: undefined, at: 0 };
    return [{ kind: "line", line: { ...same, number, source, text } }];
  });
}
