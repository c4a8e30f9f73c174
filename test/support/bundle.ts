/** Bundles modules for a page, and refuses whatever a page does not have: Node's modules and packages. */
import { type Plugin, rolldown } from 'rolldown';

const entry = 'skep:entry';

/** Serves `source` as the entry and refuses every import that is not a file of this repository. */
function closedWorld(source: string): Plugin {
  return {
    name: 'closed-world',
    resolveId(specifier, importer) {
      if (specifier === entry) return entry;
      if (/^\.{0,2}\//.test(specifier)) return null;
      throw new Error(`a page has no '${specifier}' (imported by ${importer})`);
    },
    load: id => (id === entry ? source : null),
  };
}

/** Bundles the module text `source` (imports by absolute path) and all it imports into one module for a browser. */
export async function bundleForBrowser(source: string): Promise<string> {
  const bundle = await rolldown({ input: entry, platform: 'browser', plugins: [closedWorld(source)] });
  try {
    const { output } = await bundle.generate({ format: 'es', codeSplitting: false });
    return output[0].code;
  } finally {
    await bundle.close();
  }
}
