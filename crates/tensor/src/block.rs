//! Element types whose elements share a scale: blocks as GGUF files store them.

use half::f16;

macro_rules! blocks {
    ($($variant:ident = $id:literal, $name:literal, $elements:literal, $bytes:literal;)*) => {
        /// A quantised type: a fixed number of elements stored together in a fixed number of bytes.
        ///
        /// Names, numbers and sizes are those of the GGUF format; a row is a whole number of blocks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "each is named as the format names it")]
        pub enum BlockType {
            $($variant,)*
        }

        impl BlockType {
            /// Every block type, by the number that the format gives it.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name as the format spells it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The number by which a GGUF file names it.
            pub const fn number(self) -> u32 {
                match self { $(Self::$variant => $id,)* }
            }

            /// Elements per block.
            pub const fn elements(self) -> u64 {
                match self { $(Self::$variant => $elements,)* }
            }

            /// Bytes per block.
            pub const fn bytes(self) -> u64 {
                match self { $(Self::$variant => $bytes,)* }
            }
        }
    };
}

blocks! {
    Q4_0 = 2, "Q4_0", 32, 18;
    Q4_1 = 3, "Q4_1", 32, 20;
    Q5_0 = 6, "Q5_0", 32, 22;
    Q5_1 = 7, "Q5_1", 32, 24;
    Q8_0 = 8, "Q8_0", 32, 34;
    Q8_1 = 9, "Q8_1", 32, 36;
    Q2K = 10, "Q2_K", 256, 84;
    Q3K = 11, "Q3_K", 256, 110;
    Q4K = 12, "Q4_K", 256, 144;
    Q5K = 13, "Q5_K", 256, 176;
    Q6K = 14, "Q6_K", 256, 210;
    Q8K = 15, "Q8_K", 256, 292;
    Iq2Xxs = 16, "IQ2_XXS", 256, 66;
    Iq2Xs = 17, "IQ2_XS", 256, 74;
    Iq3Xxs = 18, "IQ3_XXS", 256, 98;
    Iq1S = 19, "IQ1_S", 256, 50;
    Iq4Nl = 20, "IQ4_NL", 32, 18;
    Iq3S = 21, "IQ3_S", 256, 110;
    Iq2S = 22, "IQ2_S", 256, 82;
    Iq4Xs = 23, "IQ4_XS", 256, 136;
    Iq1M = 29, "IQ1_M", 256, 56;
    Tq1_0 = 34, "TQ1_0", 256, 54;
    Tq2_0 = 35, "TQ2_0", 256, 66;
    Mxfp4 = 39, "MXFP4", 32, 17;
    Nvfp4 = 40, "NVFP4", 64, 36;
    Q1_0 = 41, "Q1_0", 128, 18;
    Q2_0 = 42, "Q2_0", 64, 18;
}

impl BlockType {
    /// Whether its elements can be read as numbers: [`Elements`](crate::Elements) knows its arithmetic.
    pub const fn is_readable(self) -> bool {
        matches!(self, Self::Q8_0 | Self::Q4_0)
    }

    /// The element at `index` of one block, as the reference decoder computes it in `f32`.
    ///
    /// # Panics
    /// If the type is not readable, or the block is shorter than its type says.
    pub(crate) fn value(self, block: &[u8], index: usize) -> f64 {
        let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
        let quant = match self {
            Self::Q8_0 => f32::from(block[2 + index] as i8),
            Self::Q4_0 => {
                let byte = block[2 + index % 16];
                let nibble = if index < 16 { byte & 15 } else { byte >> 4 };
                f32::from(nibble) - 8.0
            }
            _ => unreachable!("refused when the view was made"),
        };
        f64::from(scale * quant)
    }
}
