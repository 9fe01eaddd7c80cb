//! What each endpoint takes (section 7).

/// Whether a film has sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sound {
    /// As `generate_audio` says; with it when nothing is said.
    Chosen,
    Always,
    Never,
}

/// An endpoint. Lists are separated by blanks, the usual value stands first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endpoint {
    pub id: &'static str,
    /// Fields that must be there beside the prompt.
    pub needs: &'static str,
    /// Values of `duration`; empty when there is no such field.
    pub durations: &'static str,
    /// Values of `aspect_ratio`.
    pub ratios: &'static str,
    /// Values of `resolution`.
    pub resolutions: &'static str,
    pub sound: Sound,
}

const VEO: Endpoint = Endpoint {
    id: "fal-ai/veo3.1",
    needs: "",
    durations: "8s 4s 6s",
    ratios: "16:9 9:16",
    resolutions: "720p 1080p",
    sound: Sound::Chosen,
};
const SORA: Endpoint = Endpoint {
    id: "fal-ai/sora-2/text-to-video",
    durations: "4 8 12 16 20",
    resolutions: "720p",
    sound: Sound::Always,
    ..VEO
};
const KLING: Endpoint = Endpoint {
    id: "fal-ai/kling-video/v2.6/pro/text-to-video",
    durations: "5 10",
    ratios: "16:9 9:16 1:1",
    resolutions: "",
    ..VEO
};
const KLING_V3: &str = "5 3 4 6 7 8 9 10 11 12 13 14 15";
const SEEDANCE: Endpoint = Endpoint {
    id: "fal-ai/bytedance/seedance/v1/lite/text-to-video",
    durations: "5 2 3 4 6 7 8 9 10 11 12",
    ratios: "16:9 21:9 4:3 1:1 3:4 9:16 9:21",
    resolutions: "720p 480p 1080p",
    sound: Sound::Never,
    ..VEO
};
const WAN: Endpoint =
    Endpoint { id: "fal-ai/wan-t2v", durations: "", resolutions: "720p 480p 580p", sound: Sound::Never, ..VEO };
const WAN_25: Endpoint = Endpoint {
    id: "fal-ai/wan-25-preview/text-to-video",
    durations: "5 10",
    ratios: "16:9 9:16 1:1",
    resolutions: "1080p 480p 720p",
    sound: Sound::Always,
    ..VEO
};

/// The shapes of endpoints that begin with a picture.
const AUTO: &str = "auto 16:9 9:16";
const SEEDANCE_AUTO: &str = "auto 21:9 16:9 4:3 1:1 3:4 9:16";

/// What is drawn, in the shapes and sizes of `stills`.
const DRAWN: Endpoint = Endpoint {
    id: "fal-ai/kling-image/v3/text-to-image",
    durations: "",
    ratios: "16:9 9:16 1:1 4:3 3:4 3:2 2:3 21:9",
    resolutions: "1K 2K",
    sound: Sound::Never,
    ..VEO
};
/// Clothes tried on: two pictures and no words.
pub(super) const TRIED_ON: &str = "fal-ai/kling/v1-5/kolors-virtual-try-on";

/// A film made anew; see `wish`.
pub(super) const REMIX: &str = "fal-ai/sora-2/video-to-video/remix";

const ENDPOINTS: &[Endpoint] = &[
    VEO,
    Endpoint { id: "fal-ai/veo3.1/fast", ..VEO },
    Endpoint { id: "fal-ai/veo3.1/image-to-video", needs: "image_url", ratios: AUTO, ..VEO },
    Endpoint { id: "fal-ai/veo3.1/fast/image-to-video", needs: "image_url", ratios: AUTO, ..VEO },
    Endpoint {
        id: "fal-ai/veo3.1/first-last-frame-to-video",
        needs: "first_frame_url last_frame_url",
        ratios: AUTO,
        resolutions: "720p 1080p 4k",
        ..VEO
    },
    Endpoint {
        id: "fal-ai/veo3.1/fast/first-last-frame-to-video",
        needs: "first_frame_url last_frame_url",
        ratios: AUTO,
        resolutions: "720p 1080p 4k",
        ..VEO
    },
    Endpoint {
        id: "fal-ai/veo3.1/reference-to-video",
        needs: "image_urls",
        durations: "8s",
        resolutions: "720p 1080p 4k",
        ..VEO
    },
    SORA,
    Endpoint { id: "fal-ai/sora-2/text-to-video/pro", resolutions: "1080p 720p true_1080p", ..SORA },
    Endpoint { id: "fal-ai/sora-2/image-to-video", needs: "image_url", ratios: AUTO, resolutions: "auto 720p", ..SORA },
    Endpoint {
        id: "fal-ai/sora-2/image-to-video/pro",
        needs: "image_url",
        ratios: AUTO,
        resolutions: "auto 720p 1080p true_1080p",
        ..SORA
    },
    Endpoint { id: REMIX, needs: "video_id", durations: "", ratios: "", resolutions: "", ..SORA },
    KLING,
    Endpoint { id: "fal-ai/kling-video/v2.6/pro/image-to-video", needs: "start_image_url", ratios: "", ..KLING },
    Endpoint { id: "fal-ai/kling-video/v2.5-turbo/pro/text-to-video", sound: Sound::Never, ..KLING },
    Endpoint {
        id: "fal-ai/kling-video/v2.5-turbo/pro/image-to-video",
        needs: "image_url",
        ratios: "",
        sound: Sound::Never,
        ..KLING
    },
    Endpoint { id: "fal-ai/kling-video/v3/pro/text-to-video", durations: KLING_V3, ..KLING },
    Endpoint {
        id: "fal-ai/kling-video/v3/pro/image-to-video",
        needs: "start_image_url",
        durations: KLING_V3,
        ratios: "",
        ..KLING
    },
    SEEDANCE,
    Endpoint {
        id: "fal-ai/bytedance/seedance/v1/lite/image-to-video",
        needs: "image_url",
        ratios: SEEDANCE_AUTO,
        ..SEEDANCE
    },
    Endpoint {
        id: "fal-ai/bytedance/seedance/v1/lite/reference-to-video",
        needs: "reference_image_urls",
        ratios: SEEDANCE_AUTO,
        resolutions: "720p 480p",
        ..SEEDANCE
    },
    Endpoint { id: "fal-ai/bytedance/seedance/v1/pro/text-to-video", ..SEEDANCE },
    Endpoint {
        id: "fal-ai/bytedance/seedance/v1/pro/image-to-video",
        needs: "image_url",
        ratios: SEEDANCE_AUTO,
        ..SEEDANCE
    },
    Endpoint { id: "fal-ai/bytedance/seedance/v1/pro/fast/text-to-video", ..SEEDANCE },
    Endpoint {
        id: "fal-ai/bytedance/seedance/v1/pro/fast/image-to-video",
        needs: "image_url",
        ratios: SEEDANCE_AUTO,
        ..SEEDANCE
    },
    Endpoint {
        id: "fal-ai/bytedance/seedance/v1.5/pro/text-to-video",
        durations: "5 4 6 7 8 9 10 11 12",
        ratios: "16:9 21:9 4:3 1:1 3:4 9:16 auto",
        sound: Sound::Chosen,
        ..SEEDANCE
    },
    Endpoint {
        id: "fal-ai/bytedance/seedance/v1.5/pro/image-to-video",
        needs: "image_url",
        durations: "5 4 6 7 8 9 10 11 12",
        ratios: "16:9 21:9 4:3 1:1 3:4 9:16 auto",
        sound: Sound::Chosen,
        ..SEEDANCE
    },
    DRAWN,
    Endpoint { id: "fal-ai/kling-image/v3/image-to-image", needs: "image_url", ..DRAWN },
    Endpoint {
        id: TRIED_ON,
        needs: "human_image_url garment_image_url",
        durations: "",
        ratios: "",
        resolutions: "",
        sound: Sound::Never,
    },
    WAN,
    Endpoint { id: "fal-ai/wan-i2v", needs: "image_url", ratios: "auto 16:9 9:16 1:1", ..WAN },
    WAN_25,
    Endpoint { id: "fal-ai/wan-25-preview/image-to-video", needs: "image_url", ratios: "", ..WAN_25 },
];

/// The endpoint of this id.
pub(super) fn find(id: &str) -> Option<&'static Endpoint> {
    ENDPOINTS.iter().find(|endpoint| endpoint.id == id)
}

/// Owner and app of an endpoint id (section 1).
pub(super) fn app(id: &str) -> String {
    id.split('/').take(2).collect::<Vec<_>>().join("/")
}
