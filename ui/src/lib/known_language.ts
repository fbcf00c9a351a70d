/**
 * Imported before anything else: WebKitGTK passes on the system's locale as the language, and `C` is none. Formatters refuse
 * it, in libraries already while they load, and the page would stay as it was before the start.
 */
export function known(language: string): string {
  try {
    return new Intl.Locale(language).toString();
  } catch {
    return "en";
  }
}

if (typeof navigator !== "undefined" && known(navigator.language) !== navigator.language) {
  const language = known(navigator.language);
  Object.defineProperty(Navigator.prototype, "language", { get: () => language });
  Object.defineProperty(Navigator.prototype, "languages", { get: () => [language] });
}
