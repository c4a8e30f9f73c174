/** What the runtime is given by its host, all of it in module `env`. */

/** The CPU that runs now. */
export declare let cpu: u32;
/** Address of the machine's cells. */
export declare const cells: usize;
