//! Files read back by parsers and decoders that others wrote.

use super::Media;
use super::avc::{Block, Encoder, Luma};
use rusty_h264_decoder::Decoder;
use std::io::Cursor;
use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::{FormatOptions, TrackType, probe::Hint};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

fn file(media: Media) -> Vec<u8> {
    media.make(7, 1, "a cat on a hill").expect("a file of ordinary size").to_vec()
}

/// Decodes the sound: samples in a second, and all samples.
fn heard(file: Vec<u8>) -> (u32, Vec<f32>) {
    let stream = MediaSourceStream::new(Box::new(Cursor::new(file)), Default::default());
    let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
    let mut format = symphonia::default::get_probe().probe(&Hint::new(), stream, format, metadata).expect("a format");
    let track = format.default_track(TrackType::Audio).expect("a sound track");
    let params = track.codec_params.as_ref().and_then(|params| params.audio()).expect("a codec").clone();
    let (id, options) = (track.id, AudioDecoderOptions::default());
    let mut decoder = symphonia::default::get_codecs().make_audio_decoder(&params, &options).expect("a known codec");
    let (mut samples, mut part) = (Vec::new(), Vec::new());
    while let Some(packet) = format.next_packet().expect("whole packets") {
        if packet.track_id == id {
            let buffer: GenericAudioBufferRef<'_> = decoder.decode(&packet).expect("a packet that can be decoded");
            buffer.copy_to_vec_interleaved(&mut part);
            samples.extend_from_slice(&part);
        }
    }
    (params.sample_rate.expect("a rate"), samples)
}

/// Length, s, and whether anything can be heard without being cut off.
fn length_and_loudness(file: Vec<u8>) -> (f64, f32) {
    let (rate, samples) = heard(file);
    (samples.len() as f64 / f64::from(rate), samples.iter().fold(0.0, |most, value| most.max(value.abs())))
}

#[test]
fn a_song_can_be_heard_and_is_as_long_as_it_says() {
    for media in [Media::Mp3 { duration_ms: 4_800 }, Media::Wav { duration_ms: 4_800 }] {
        let (seconds, peak) = length_and_loudness(file(media));
        assert!((seconds - 4.8).abs() < 1e-6, "{media:?}: {seconds} s");
        assert!((0.05..0.9).contains(&peak), "{media:?}: {peak}");
    }
    let tones = heard(file(Media::Mp3 { duration_ms: 9_600 })).1;
    assert_ne!(tones, heard(Media::Mp3 { duration_ms: 9_600 }.make(8, 1, "").expect("a file").to_vec()).1);
}

#[test]
fn a_video_has_the_size_and_length_asked_for() {
    for (width, height, duration_ms, with_sound) in
        [(1280, 720, 5_000, true), (1080, 1920, 4_000, false), (854, 480, 3_033, true)]
    {
        let bytes = file(Media::Mp4 { width, height, duration_ms, with_sound });
        assert!(bytes.len() < 2_000_000, "{} bytes", bytes.len());
        let mut read = mp4::Mp4Reader::read_header(Cursor::new(&bytes), bytes.len() as u64).expect("an index");
        assert_eq!(read.duration().as_millis(), u128::from(duration_ms));
        assert_eq!(read.tracks().len(), if with_sound { 2 } else { 1 });
        for track in read.tracks().values() {
            assert_eq!(track.duration().as_millis(), u128::from(duration_ms));
        }
        let track = &read.tracks()[&1];
        assert_eq!((u32::from(track.width()), u32::from(track.height())), (width, height));
        let count = track.sample_count();
        let last = read.read_sample(1, count).expect("a sample").expect("the last one");
        assert_eq!(last.start_time + u64::from(last.duration), u64::from(duration_ms) * 24);
        if with_sound {
            let (seconds, peak) = length_and_loudness(bytes);
            assert!((seconds * 1_000.0 - f64::from(duration_ms)).abs() < 22.0 && peak < 1e-6, "{seconds} s, {peak}");
        }
    }
}

#[test]
fn every_frame_of_a_video_can_be_decoded() {
    let bytes = file(Media::Mp4 { width: 854, height: 480, duration_ms: 1_000, with_sound: false });
    let mut read = mp4::Mp4Reader::read_header(Cursor::new(&bytes), bytes.len() as u64).expect("an index");
    let track = &read.tracks()[&1];
    let start = [0, 0, 0, 1];
    let mut stream = Vec::new();
    let count = track.sample_count();
    for set in [track.sequence_parameter_set(), track.picture_parameter_set()] {
        stream.extend([&start, set.expect("a parameter set")].concat());
    }
    for number in 1..=count {
        let sample = read.read_sample(1, number).expect("a sample").expect("one of them");
        stream.extend([&start, &sample.bytes[4..]].concat());
    }
    let frames = Decoder::new().decode_stream(&stream).expect("a stream of ordinary frames");
    assert_eq!(frames.len(), 24);
    assert!(frames.iter().all(|frame| (frame.width, frame.height) == (854, 480)));
    assert_eq!(frames[0].y, frames[5].y, "nothing moves between two steps");
    assert_ne!(frames[0].y, frames[6].y, "it moves with each step");
    let words = |number: usize| frames[number].y[854 * 464..].to_vec();
    assert!(words(0).iter().any(|value| *value > 200), "words stand below");
    assert_eq!(words(0), words(23), "and stay");
}

#[test]
fn a_block_is_decoded_to_exactly_its_colours() {
    let (columns, rows) = (5, 4);
    let mut dice = crate::fingerprint::Dice::new(3);
    let mut blocks = || -> Vec<Block> {
        let mut any = || (dice.unit() * 256.0) as u8;
        let block = |place: usize| {
            let luma =
                if place % 7 == 3 { Luma::Detailed(Box::new([0; 256].map(|_: u8| any()))) } else { Luma::Flat(any()) };
            Block { luma, cb: any(), cr: any() }
        };
        (0..columns * rows).map(block).collect()
    };
    let mut encoder = Encoder::new(columns as u32 * 16, rows as u32 * 16);
    let mut given = vec![blocks()];
    for number in 1..20usize {
        // Most stay as they were.
        let fresh = blocks();
        let last = &given[number - 1];
        let mixed =
            |(place, (old, new)): (usize, (&Block, Block))| if (place + number) % 3 == 0 { new } else { old.clone() };
        given.push(last.iter().zip(fresh).enumerate().map(mixed).collect());
    }
    let start = [0, 0, 0, 1].as_slice();
    let mut stream = [start, &encoder.sequence(), start, &encoder.picture()].concat();
    given.iter().for_each(|blocks| stream.extend([start, &encoder.frame(blocks.clone())].concat()));
    let frames = Decoder::new().decode_stream(&stream).expect("frames");
    assert_eq!(frames.len(), given.len());
    for (number, (frame, blocks)) in frames.iter().zip(&given).enumerate() {
        for (place, block) in blocks.iter().enumerate() {
            let (column, row) = (place % columns, place / columns);
            for pixel in 0..256 {
                let (x, y) = (column * 16 + pixel % 16, row * 16 + pixel / 16);
                let luma = match &block.luma {
                    Luma::Flat(value) => *value,
                    Luma::Detailed(luma) => luma[pixel],
                };
                let chroma = y / 2 * frame.width / 2 + x / 2;
                let is = (frame.y[y * frame.width + x], frame.u[chroma], frame.v[chroma]);
                assert_eq!(is, (luma, block.cb, block.cr), "frame {number}, block {place}, pixel {pixel}");
            }
        }
    }
}

#[test]
fn pictures_have_the_size_asked_for_in_every_format() {
    let (width, height) = (321, 123);
    let formats = [
        (Media::Png { width, height }, image::ImageFormat::Png),
        (Media::Webp { width, height }, image::ImageFormat::WebP),
        (Media::Jpeg { width, height }, image::ImageFormat::Jpeg),
    ];
    for (media, format) in formats {
        let bytes = file(media);
        assert_eq!(image::guess_format(&bytes).expect("a known format"), format);
        let picture = image::load_from_memory(&bytes).expect("a real picture");
        assert_eq!((picture.width(), picture.height()), (width, height), "{media:?}");
    }
}

#[test]
fn the_same_seed_makes_the_same_bytes_and_another_variant_others() {
    let media = Media::Mp4 { width: 320, height: 240, duration_ms: 500, with_sound: true };
    assert_eq!(file(media), file(media));
    assert_ne!(file(media), media.make(7, 2, "a cat on a hill").expect("a file"));
}
