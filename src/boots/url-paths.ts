/** The path of a URL as the name of a file. What only looks like an escape is taken as it stands: `50%.img`. */
export function fileNameIn(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
