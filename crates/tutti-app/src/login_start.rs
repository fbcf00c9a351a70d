//! What the system starts when the user signs in to this computer: the entry of this program and profile.

use std::path::PathBuf;

use crate::settings::Home;

/// The entry of one profile. Errors are words for the user.
pub struct LoginStart {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
}

impl LoginStart {
    /// Of the program that runs, in this profile.
    pub fn of(home: &Home) -> Result<Self, String> {
        // An AppImage runs from a folder that is gone when it ends: what can be started again is the image.
        let image = std::env::var_os("APPIMAGE").filter(|path| cfg!(target_os = "linux") && !path.is_empty());
        let program = match image {
            Some(image) => image.into(),
            None => std::env::current_exe().map_err(|error| error.to_string())?,
        };
        Ok(Self { name: home.program_name("tutti"), program, arguments: home.login_arguments() })
    }

    /// The program's path; a system's entries are text.
    fn program(&self) -> Result<&str, String> {
        self.program.to_str().ok_or_else(|| format!("{} is not text", self.program.display()))
    }
}

#[cfg(target_os = "linux")]
mod entry {
    use std::fs;
    use std::io::ErrorKind;

    use super::LoginStart;

    impl LoginStart {
        /// Whether the entry is there.
        pub fn is_on(&self) -> Result<bool, String> {
            Ok(self.file()?.exists())
        }

        /// Makes the entry, or takes it away.
        pub fn turn(&self, on: bool) -> Result<(), String> {
            let file = self.file()?;
            let words = |error: std::io::Error| error.to_string();
            if on {
                fs::create_dir_all(file.parent().unwrap_or(&file)).map_err(words)?;
                return fs::write(&file, self.entry()?).map_err(words);
            }
            match fs::remove_file(&file) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error.to_string()),
                _ => Ok(()),
            }
        }

        fn file(&self) -> Result<std::path::PathBuf, String> {
            let folders = directories::BaseDirs::new().ok_or("this system names no folder for settings")?;
            Ok(folders.config_dir().join("autostart").join(format!("{}.desktop", self.name)))
        }

        /// As the desktop entry specification has it.
        pub(super) fn entry(&self) -> Result<String, String> {
            let arguments = self.arguments.iter().map(String::as_str);
            let line: Vec<String> = std::iter::once(self.program()?).chain(arguments).map(quoted).collect();
            Ok(format!(
                "[Desktop Entry]\nType=Application\nVersion=1.0\nName=Tutti\nExec={}\nStartupNotify=false\nTerminal=false\n",
                line.join(" ")
            ))
        }
    }

    /// An argument of an `Exec` line: in quotes where it has more than plain characters, a percent sign doubled (it begins a
    /// field), and what the quotes escape escaped once more, since the whole line is a string of the file.
    fn quoted(argument: &str) -> String {
        let plain = |char: char| char.is_ascii_alphanumeric() || "/-_.,:+@%".contains(char) || !char.is_ascii();
        let argument = argument.replace('%', "%%");
        if !argument.is_empty() && argument.chars().all(plain) {
            return argument;
        }
        let mut text = String::from('"');
        for char in argument.chars() {
            match char {
                '"' | '`' | '$' => text.extend(["\\\\".to_owned(), char.to_string()]),
                '\\' => text.push_str("\\\\\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                char => text.push(char),
            }
        }
        text.push('"');
        text
    }
}

#[cfg(not(target_os = "linux"))]
mod entry {
    use auto_launch::{AutoLaunch, AutoLaunchBuilder, WindowsEnableMode};

    use super::LoginStart;

    impl LoginStart {
        /// Whether the system has it.
        pub fn is_on(&self) -> Result<bool, String> {
            self.entry()?.is_enabled().map_err(|error| error.to_string())
        }

        /// Makes the entry, or takes it away.
        pub fn turn(&self, on: bool) -> Result<(), String> {
            let entry = self.entry()?;
            if on { entry.enable() } else { entry.disable() }.map_err(|error| error.to_string())
        }

        /// A list of words on macOS; one line on Windows, where a blank would cut it.
        fn entry(&self) -> Result<AutoLaunch, String> {
            let word = |word: &str| if cfg!(windows) { format!("\"{word}\"") } else { word.to_owned() };
            let arguments: Vec<String> = self.arguments.iter().map(|argument| word(argument)).collect();
            let mut entry = AutoLaunchBuilder::new();
            entry.set_app_name(&self.name).set_app_path(&word(self.program()?)).set_args(&arguments);
            entry.set_windows_enable_mode(WindowsEnableMode::CurrentUser);
            entry.build().map_err(|error| error.to_string())
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The words that a desktop starts, read as the specification says: first the file's string, then the line's quotes.
    fn started(entry: &str) -> Vec<String> {
        let line = entry.lines().find_map(|line| line.strip_prefix("Exec=")).unwrap_or_default();
        let mut string = String::new();
        let mut chars = line.chars();
        while let Some(char) = chars.next() {
            match (char, if char == '\\' { chars.next() } else { None }) {
                ('\\', Some('n')) => string.push('\n'),
                ('\\', Some('t')) => string.push('\t'),
                ('\\', Some('r')) => string.push('\r'),
                ('\\', Some('s')) => string.push(' '),
                ('\\', Some('\\')) => string.push('\\'),
                ('\\', other) => panic!("the file's string has \\{other:?}"),
                (char, _) => string.push(char),
            }
        }
        let (mut words, mut word, mut inside) = (Vec::new(), None::<String>, false);
        let mut chars = string.chars();
        while let Some(char) = chars.next() {
            match char {
                '"' => {
                    inside = !inside;
                    word.get_or_insert_default();
                }
                '\\' if inside => word.get_or_insert_default().extend(chars.next()),
                ' ' if !inside => words.extend(word.take()),
                '%' => {
                    assert_eq!(chars.next(), Some('%'), "a field in {string}");
                    word.get_or_insert_default().push('%');
                }
                char => {
                    assert!(inside || !"\t\n'\\><~|&;$*?#()`".contains(char), "{char:?} stands bare in {string}");
                    word.get_or_insert_default().push(char);
                }
            }
        }
        assert!(!inside, "a quote is open in {string}");
        words.extend(word);
        words
    }

    fn entry(program: &str, arguments: &[&str]) -> String {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        LoginStart { name: "tutti".into(), program: program.into(), arguments }.entry().unwrap_or_default()
    }

    #[test]
    fn a_path_with_blanks_is_one_word_of_the_entry() {
        let entry =
            entry("/home/Anna Lena/Apps/Tutti 0.1.AppImage", &["--hidden", "--profile", "/home/Anna Lena/tutti"]);
        assert_eq!(
            started(&entry),
            ["/home/Anna Lena/Apps/Tutti 0.1.AppImage", "--hidden", "--profile", "/home/Anna Lena/tutti"]
        );
        assert!(entry.contains("\nExec=\"/home/Anna Lena/Apps/Tutti 0.1.AppImage\" --hidden --profile "), "{entry}");
    }

    #[test]
    fn whatever_a_folder_is_called_the_entry_starts_it() {
        for folder in
            ["/a\\b", "/a\"b", "/a`b$HOME", "/100 %u", "/100%", "/a\nb\tc", "/a'b;c&d", "/müß (ein)#", "/a\\\\n"]
        {
            assert_eq!(started(&entry(folder, &["--hidden", ""])), [folder, "--hidden", ""]);
        }
    }

    #[test]
    fn a_plain_path_stands_bare() {
        assert!(entry("/usr/bin/tutti-desktop", &["--hidden"]).contains("\nExec=/usr/bin/tutti-desktop --hidden\n"));
    }
}
