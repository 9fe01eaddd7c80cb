//! The six ways in, each with a path of its own.

use task::Kind;

/// Which path a submission came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// A film from words.
    Text,
    /// A film from its first frame, its last, or both.
    Frames,
    /// A film of what is on several pictures.
    References,
    /// A film from words and whatever they refer to.
    Omni,
    /// Pictures.
    Pictures,
    /// A person in other clothes.
    TryOn,
}

impl Way {
    /// Every way, in the order of the API page.
    pub(super) const ALL: [Way; 6] =
        [Self::Text, Self::Frames, Self::References, Self::Omni, Self::Pictures, Self::TryOn];

    /// The last part of its path, which is also its route's name.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Text => "text2video",
            Self::Frames => "image2video",
            Self::References => "multi-image2video",
            Self::Omni => "omni-video",
            Self::Pictures => "generations",
            Self::TryOn => "kolors-virtual-try-on",
        }
    }

    /// The way of a submit route.
    pub(super) fn of(route: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.word() == route)
    }

    /// The folder of its artifacts' links. The page shows three of these words; the others follow them.
    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Text => "textGenerate",
            Self::Frames => "frameGenerate",
            Self::References => "referenceGenerate",
            Self::Omni => "omniGenerate",
            Self::Pictures => "imageGenerate",
            Self::TryOn => "tryOnGenerate",
        }
    }

    /// What is made.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Text | Self::Frames | Self::References | Self::Omni => Kind::Video,
            Self::Pictures => Kind::Image,
            Self::TryOn => Kind::TryOn,
        }
    }

    /// The model when none is named; films have none (`contract/DECISIONS.md`, model names).
    pub(super) fn default_model(self) -> Option<&'static str> {
        match self {
            Self::Pictures => Some("kling-v2-5-turbo"),
            Self::TryOn => Some("kolors-virtual-try-on-v1"),
            Self::Text | Self::Frames | Self::References | Self::Omni => None,
        }
    }
}
