/** TFTP, read-only: how firmware gets its boot loader. */
export { configFiles, osieFiles } from './boot-parts.ts';
export {
  bootFiles,
  firstOf,
  parseName,
  type TftpFiles,
  type TftpFound,
  type TftpRefusal,
  type TftpSource,
} from './files.ts';
export { isoFiles } from './isos.ts';
export type { TftpNote } from './notes.ts';
export { rootedFile } from './rooted.ts';
export { startTftp, type TftpOptions, type TftpServer } from './server.ts';
export { textFiles } from './texts.ts';
