//! The decoders of LZMA, which are fed by hand so that they take no byte beyond their end.

use std::io::{self, BufRead, Read};

use lzma_rust2::{Action, LzmaStream, Status, StreamResult, XzStream};

/// The most memory that a decoder may take, in KiB. `xz -9` needs 65 MiB; a header may ask for 4 GiB.
const MEMORY: u32 = 256 << 10;

/// A decoder that is fed.
pub(super) trait Process {
    /// Takes from `input` and fills `output`.
    fn process(&mut self, input: &[u8], output: &mut [u8], action: Action) -> io::Result<StreamResult>;
}

impl Process for XzStream {
    fn process(&mut self, input: &[u8], output: &mut [u8], action: Action) -> io::Result<StreamResult> {
        Self::process(self, input, output, action)
    }
}

impl Process for LzmaStream {
    fn process(&mut self, input: &[u8], output: &mut [u8], action: Action) -> io::Result<StreamResult> {
        Self::process(self, input, output, action)
    }
}

/// The decoder of one xz stream.
pub(super) fn xz() -> XzStream {
    XzStream::new_mem_limit(false, MEMORY)
}

/// The decoder of one file of lzma.
pub(super) fn lzma() -> LzmaStream {
    LzmaStream::new_mem_limit(MEMORY, None)
}

/// A decoder with its input.
pub(super) struct Fed<'a, R, P> {
    pub(super) input: &'a mut R,
    pub(super) decoder: &'a mut P,
}

impl<R: BufRead, P: Process> Read for Fed<'_, R, P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let input = self.input.fill_buf()?;
            let at_end = input.is_empty();
            let action = if at_end { Action::Finish } else { Action::Run };
            let result = self.decoder.process(input, buffer, action)?;
            self.input.consume(result.bytes_consumed);
            if result.bytes_produced > 0 || result.status == Status::StreamEnd || buffer.is_empty() {
                return Ok(result.bytes_produced);
            }
            if at_end {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if result.bytes_consumed == 0 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "decoder makes no progress"));
            }
        }
    }
}
