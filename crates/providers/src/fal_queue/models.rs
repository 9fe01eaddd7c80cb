//! What each model's endpoints take (`README.md`, section 7): data, read by `choice` and `fit`.

use crate::http_call::segment;

/// How a length is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `"8s"`.
    Unit,
    /// `"8"`.
    Text,
    /// `8`.
    Number,
    /// Not at all: the length is always the same.
    Unsaid,
}

/// Whether a film has sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sound {
    /// As `generate_audio` says.
    Chosen,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// One endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endpoint {
    /// Its id, which is its path.
    pub id: &'static str,
    /// The field of the first picture, which is then needed; `""` for none.
    pub first: &'static str,
    /// The field of the last picture; `""` for none.
    pub last: &'static str,
    /// The field of a list of reference pictures, which is then needed; `""` for none.
    pub references: &'static str,
    /// Lengths, rising, s. The first of the pair is what is made when nothing is said.
    pub lengths: (f64, &'static [f64]),
    pub spelling: Spelling,
    /// Values of `aspect_ratio`, the usual one first; none when there is no such field.
    pub ratios: &'static [&'static str],
    /// Values of `resolution`, the usual one first; none when there is no such field.
    pub resolutions: &'static [&'static str],
    /// Pixels along the shorter side when there is no such field; 0 when nobody says.
    pub short_px: i64,
    pub sound: Sound,
    pub negative_prompt: bool,
    pub seed: bool,
}

/// A model and its endpoints; the first that takes what is there is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model {
    /// What the catalogue calls it.
    pub name: &'static str,
    pub endpoints: &'static [Endpoint],
}

const WORDS: Endpoint = Endpoint {
    id: "",
    first: "",
    last: "",
    references: "",
    lengths: (5.0, &[5.0, 10.0]),
    spelling: Spelling::Text,
    ratios: &["16:9", "9:16", "1:1"],
    resolutions: &[],
    short_px: 0,
    sound: Sound::Chosen,
    negative_prompt: true,
    seed: false,
};

const VEO: Endpoint = Endpoint {
    lengths: (8.0, &[4.0, 6.0, 8.0]),
    spelling: Spelling::Unit,
    ratios: &["16:9", "9:16"],
    resolutions: &["720p", "1080p"],
    seed: true,
    ..WORDS
};
const VEO_IMAGE: Endpoint = Endpoint { first: "image_url", ratios: &["auto", "16:9", "9:16"], ..VEO };
const VEO_FRAMES: Endpoint = Endpoint {
    first: "first_frame_url",
    last: "last_frame_url",
    ratios: &["auto", "16:9", "9:16"],
    resolutions: &["720p", "1080p", "4k"],
    ..VEO
};

const SORA: Endpoint = Endpoint {
    lengths: (4.0, &[4.0, 8.0, 12.0, 16.0, 20.0]),
    spelling: Spelling::Number,
    ratios: &["16:9", "9:16"],
    resolutions: &["720p"],
    sound: Sound::Always,
    negative_prompt: false,
    ..WORDS
};
const SORA_IMAGE: Endpoint =
    Endpoint { first: "image_url", ratios: &["auto", "16:9", "9:16"], resolutions: &["auto", "720p"], ..SORA };

const KLING: Endpoint = Endpoint { short_px: 1_080, ..WORDS };
const KLING_IMAGE: Endpoint = Endpoint { first: "start_image_url", last: "end_image_url", ratios: &[], ..KLING };
const KLING_V3_LENGTHS: &[f64] = &[3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0];

const SEEDANCE_LENGTHS: &[f64] = &[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0];
const SEEDANCE_V15_LENGTHS: &[f64] = &[4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0];
const SEEDANCE: Endpoint = Endpoint {
    lengths: (5.0, SEEDANCE_LENGTHS),
    ratios: &["16:9", "21:9", "4:3", "1:1", "3:4", "9:16", "9:21"],
    resolutions: &["720p", "480p", "1080p"],
    sound: Sound::Never,
    negative_prompt: false,
    seed: true,
    ..WORDS
};
const SEEDANCE_IMAGE: Endpoint = Endpoint {
    first: "image_url",
    last: "end_image_url",
    ratios: &["auto", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16"],
    ..SEEDANCE
};
const SEEDANCE_V15: Endpoint = Endpoint {
    lengths: (5.0, SEEDANCE_V15_LENGTHS),
    ratios: &["16:9", "21:9", "4:3", "1:1", "3:4", "9:16"],
    sound: Sound::Chosen,
    ..SEEDANCE
};

const WAN: Endpoint = Endpoint {
    lengths: (5.0, &[5.0]),
    spelling: Spelling::Unsaid,
    ratios: &["16:9", "9:16"],
    resolutions: &["720p", "480p"],
    sound: Sound::Never,
    seed: true,
    ..WORDS
};
const WAN_25: Endpoint = Endpoint {
    ratios: &["16:9", "9:16", "1:1"],
    resolutions: &["1080p", "720p"],
    sound: Sound::Always,
    seed: true,
    ..WORDS
};

const MODELS: &[Model] = &[
    Model {
        name: "fal-ai/veo3.1",
        endpoints: &[
            Endpoint { id: "fal-ai/veo3.1", ..VEO },
            Endpoint { id: "fal-ai/veo3.1/image-to-video", ..VEO_IMAGE },
            Endpoint { id: "fal-ai/veo3.1/first-last-frame-to-video", ..VEO_FRAMES },
            Endpoint {
                id: "fal-ai/veo3.1/reference-to-video",
                references: "image_urls",
                lengths: (8.0, &[8.0]),
                resolutions: &["720p", "1080p", "4k"],
                negative_prompt: false,
                seed: false,
                ..VEO
            },
        ],
    },
    Model {
        name: "fal-ai/veo3.1/fast",
        endpoints: &[
            Endpoint { id: "fal-ai/veo3.1/fast", ..VEO },
            Endpoint { id: "fal-ai/veo3.1/fast/image-to-video", ..VEO_IMAGE },
            Endpoint { id: "fal-ai/veo3.1/fast/first-last-frame-to-video", ..VEO_FRAMES },
        ],
    },
    Model {
        name: "fal-ai/sora-2",
        endpoints: &[
            Endpoint { id: "fal-ai/sora-2/text-to-video", ..SORA },
            Endpoint { id: "fal-ai/sora-2/image-to-video", ..SORA_IMAGE },
        ],
    },
    Model {
        name: "fal-ai/sora-2/pro",
        endpoints: &[
            Endpoint { id: "fal-ai/sora-2/text-to-video/pro", resolutions: &["1080p", "720p"], ..SORA },
            Endpoint { id: "fal-ai/sora-2/image-to-video/pro", resolutions: &["auto", "720p", "1080p"], ..SORA_IMAGE },
        ],
    },
    Model {
        name: "fal-ai/kling-video/v2.5-turbo/pro",
        endpoints: &[
            Endpoint { id: "fal-ai/kling-video/v2.5-turbo/pro/text-to-video", sound: Sound::Never, ..KLING },
            Endpoint {
                id: "fal-ai/kling-video/v2.5-turbo/pro/image-to-video",
                first: "image_url",
                last: "tail_image_url",
                sound: Sound::Never,
                ..KLING_IMAGE
            },
        ],
    },
    Model {
        name: "fal-ai/kling-video/v2.6/pro",
        endpoints: &[
            Endpoint { id: "fal-ai/kling-video/v2.6/pro/text-to-video", ..KLING },
            Endpoint { id: "fal-ai/kling-video/v2.6/pro/image-to-video", ..KLING_IMAGE },
        ],
    },
    Model {
        name: "fal-ai/kling-video/v3/pro",
        endpoints: &[
            Endpoint { id: "fal-ai/kling-video/v3/pro/text-to-video", lengths: (5.0, KLING_V3_LENGTHS), ..KLING },
            Endpoint {
                id: "fal-ai/kling-video/v3/pro/image-to-video",
                lengths: (5.0, KLING_V3_LENGTHS),
                ..KLING_IMAGE
            },
        ],
    },
    Model {
        name: "fal-ai/bytedance/seedance/v1/lite",
        endpoints: &[
            Endpoint { id: "fal-ai/bytedance/seedance/v1/lite/text-to-video", ..SEEDANCE },
            Endpoint { id: "fal-ai/bytedance/seedance/v1/lite/image-to-video", ..SEEDANCE_IMAGE },
            Endpoint {
                id: "fal-ai/bytedance/seedance/v1/lite/reference-to-video",
                references: "reference_image_urls",
                ratios: &["auto", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16"],
                resolutions: &["720p", "480p"],
                ..SEEDANCE
            },
        ],
    },
    Model {
        name: "fal-ai/bytedance/seedance/v1/pro",
        endpoints: &[
            Endpoint { id: "fal-ai/bytedance/seedance/v1/pro/text-to-video", ..SEEDANCE },
            Endpoint { id: "fal-ai/bytedance/seedance/v1/pro/image-to-video", ..SEEDANCE_IMAGE },
        ],
    },
    Model {
        name: "fal-ai/bytedance/seedance/v1/pro/fast",
        endpoints: &[
            Endpoint { id: "fal-ai/bytedance/seedance/v1/pro/fast/text-to-video", ..SEEDANCE },
            Endpoint { id: "fal-ai/bytedance/seedance/v1/pro/fast/image-to-video", last: "", ..SEEDANCE_IMAGE },
        ],
    },
    Model {
        name: "fal-ai/bytedance/seedance/v1.5/pro",
        endpoints: &[
            Endpoint { id: "fal-ai/bytedance/seedance/v1.5/pro/text-to-video", ..SEEDANCE_V15 },
            Endpoint {
                id: "fal-ai/bytedance/seedance/v1.5/pro/image-to-video",
                first: "image_url",
                last: "end_image_url",
                ..SEEDANCE_V15
            },
        ],
    },
    Model { name: "fal-ai/wan-t2v", endpoints: &[Endpoint { id: "fal-ai/wan-t2v", ..WAN }] },
    Model {
        name: "fal-ai/wan-i2v",
        endpoints: &[Endpoint {
            id: "fal-ai/wan-i2v",
            first: "image_url",
            ratios: &["auto", "16:9", "9:16", "1:1"],
            ..WAN
        }],
    },
    Model {
        name: "fal-ai/wan-25-preview",
        endpoints: &[
            Endpoint { id: "fal-ai/wan-25-preview/text-to-video", ..WAN_25 },
            Endpoint {
                id: "fal-ai/wan-25-preview/image-to-video",
                first: "image_url",
                ratios: &[],
                resolutions: &["1080p", "720p", "480p"],
                ..WAN_25
            },
        ],
    },
];

/// The row of a model; `None` for an endpoint that this table does not know.
pub(super) fn find(upstream_model: &str) -> Option<&'static Model> {
    MODELS.iter().find(|model| model.name == upstream_model)
}

/// Owner and app of an endpoint id: its first two words (three behind a namespace). Requests are asked for
/// below it, whatever endpoint of it they were sent to.
pub(super) fn app(endpoint: &str) -> String {
    let words = if ["workflows/", "comfy/"].iter().any(|space| endpoint.starts_with(space)) { 3 } else { 2 };
    endpoint.split('/').take(words).collect::<Vec<_>>().join("/")
}

/// An endpoint id as a path.
pub(super) fn path(endpoint: &str) -> String {
    endpoint.split('/').filter(|word| !word.is_empty()).map(|word| format!("/{}", segment(word))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_asked_for_below_the_app() {
        for (endpoint, expected) in [
            ("fal-ai/kling-video/v2.5-turbo/pro/text-to-video", "fal-ai/kling-video"),
            ("fal-ai/veo3.1", "fal-ai/veo3.1"),
            ("workflows/me/mine/x", "workflows/me/mine"),
            ("alone", "alone"),
        ] {
            assert_eq!(app(endpoint), expected);
        }
        assert_eq!(path("fal-ai/../x?y"), "/fal-ai/%2E%2E/x%3Fy");
    }

    #[test]
    fn every_row_is_sound() {
        for model in MODELS {
            for endpoint in model.endpoints {
                let (usual, lengths) = endpoint.lengths;
                assert!(lengths.contains(&usual) && lengths.is_sorted(), "{}", endpoint.id);
                assert_eq!(app(endpoint.id), app(model.name));
                assert!(endpoint.last.is_empty() || !endpoint.first.is_empty(), "{}", endpoint.id);
            }
        }
    }
}
