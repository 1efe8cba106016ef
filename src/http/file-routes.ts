import type { FileFolder, FoundFile } from './carrier/messages.ts';

/** Files that are found and sent without asking the app. Where there is no such file, the app says what there is to say. */
export interface FileRoutes {
  folders: readonly FileFolder[];
  /** What is to come back with the report, as the `about` of `send()`. */
  about(file: FoundFile): unknown;
}
