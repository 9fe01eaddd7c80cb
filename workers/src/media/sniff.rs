//! What the first bytes say a file is. A page that says "expired" with status 200 is not a picture.

use super::mp3;
use task::Role;

/// How a file is built, as far as its headers can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Picture,
    /// MP4, MOV, M4A: boxes.
    Iso,
    /// WebM and Matroska.
    Matroska,
    Mp3,
    Wav,
    Other,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileType {
    pub(crate) content_type: &'static str,
    /// Without a dot.
    pub(crate) extension: &'static str,
    pub(crate) container: Container,
    class: Class,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Picture,
    Film,
    Sound,
}

impl FileType {
    const MP4: Self = Self::iso("video/mp4", "mp4", Class::Film);
    const MOV: Self = Self::iso("video/quicktime", "mov", Class::Film);
    const M4A: Self = Self::iso("audio/mp4", "m4a", Class::Sound);
    const MP3: Self =
        Self { content_type: "audio/mpeg", extension: "mp3", container: Container::Mp3, class: Class::Sound };
    const WAV: Self =
        Self { content_type: "audio/wav", extension: "wav", container: Container::Wav, class: Class::Sound };

    const fn iso(content_type: &'static str, extension: &'static str, class: Class) -> Self {
        Self { content_type, extension, container: Container::Iso, class }
    }

    /// Whether it is sound without loss.
    pub(crate) fn is_lossless(self) -> bool {
        matches!(self.extension, "wav" | "flac" | "aiff")
    }
}

/// What a file is that should be of this role, or why it is not one.
pub(crate) fn sniff(head: &[u8], role: Role) -> Result<FileType, String> {
    let wanted = match role {
        Role::Image | Role::Single | Role::Cover | Role::LastFrame => Class::Picture,
        Role::Video => Class::Film,
        Role::Audio | Role::Wav => Class::Sound,
    };
    let found = find(head, wanted).ok_or_else(|| "the file is of no known type".to_owned())?;
    if found.class == wanted {
        return Ok(found);
    }
    Err(format!("the file is {}, not what was promised", found.content_type))
}

fn find(head: &[u8], wanted: Class) -> Option<FileType> {
    if let Some(found) = of_boxes(head) {
        // A container says nothing of what is in it: sound alone is often branded as a film is.
        let is_plain = found.class == Class::Film && wanted == Class::Sound;
        return Some(if is_plain { FileType::M4A } else { found });
    }
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WAVE") {
        return Some(FileType::WAV);
    }
    // Bare frames begin with few fixed bits, so they count only where sound was promised.
    if head.starts_with(b"ID3") || (wanted == Class::Sound && mp3::first_frame(head).is_some()) {
        return Some(FileType::MP3);
    }
    let kind = infer::get(head)?;
    let (container, class) = match (kind.matcher_type(), kind.mime_type()) {
        (infer::MatcherType::Image, _) => (Container::Picture, Class::Picture),
        (infer::MatcherType::Video, "video/webm" | "video/x-matroska") => (Container::Matroska, Class::Film),
        (infer::MatcherType::Video, _) => (Container::Other, Class::Film),
        (infer::MatcherType::Audio, "audio/mpeg") => (Container::Mp3, Class::Sound),
        (infer::MatcherType::Audio, _) => (Container::Other, Class::Sound),
        _ => return None,
    };
    Some(FileType { content_type: kind.mime_type(), extension: kind.extension(), container, class })
}

/// Files made of boxes, by the first box: its brand, or for old MOV files its very type.
fn of_boxes(head: &[u8]) -> Option<FileType> {
    let brand = head.get(8..12)?;
    match head.get(4..8)? {
        b"ftyp" => match brand {
            b"qt  " => Some(FileType::MOV),
            b"M4A " | b"M4B " | b"M4P " => Some(FileType::M4A),
            // Pictures in boxes; and Canon's raw ones.
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" | b"avif" | b"avis"
            | b"crx " | b"jxl " | b"jp2 " => None,
            _ => Some(FileType::MP4),
        },
        b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot" => Some(FileType::MOV),
        _ => None,
    }
}
