package dev.ottava.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import dev.ottava.core.UnsupportedException;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.RopeConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigReaderTest {
    private static final String SIZES =
            "\"vocab_size\":260,\"hidden_size\":128,\"intermediate_size\":96,\"num_hidden_layers\":2,\"num_attention_heads\":4";
    private static final RopeConfig.Llama3Scaling LLAMA3 = new RopeConfig.Llama3Scaling(8, 1, 4, 8192);
    private static final String LLAMA3_KEYS =
            "'factor':8.0,'low_freq_factor':1.0,'high_freq_factor':4.0,'original_max_position_embeddings':8192";

    @TempDir
    Path folder;

    @Test
    void defaultsAreThoseOfTransformers() {
        assertEquals(
                new LlamaConfig(
                        "llama",
                        260,
                        128,
                        96,
                        2,
                        4,
                        4,
                        32,
                        2048,
                        1e-6,
                        new RopeConfig(10000, null),
                        false,
                        false,
                        false,
                        false,
                        1,
                        2),
                read("llama", ""));
        assertEquals(
                new LlamaConfig(
                        "qwen2",
                        260,
                        128,
                        96,
                        2,
                        4,
                        4,
                        32,
                        32768,
                        1e-6,
                        new RopeConfig(10000, null),
                        false,
                        true,
                        false,
                        false,
                        -1,
                        -1),
                read("qwen2", ""));
    }

    @Test
    void readsWhatIsGiven() {
        LlamaConfig config = read(
                "llama",
                ",'num_key_value_heads':2,'head_dim':16,'max_position_embeddings':64,'rms_norm_eps':1e-5,'rope_theta':500000,"
                        + "'tie_word_embeddings':true,'attention_bias':true,'mlp_bias':true,'bos_token_id':7,'eos_token_id':[9,8],"
                        + "'pretraining_tp':2,'attention_dropout':0.0,'hidden_act':'silu','torch_dtype':'bfloat16',"
                        + "'sliding_window':null,'quantization_config':null,'num_local_experts':0");
        assertEquals(
                new LlamaConfig(
                        "llama",
                        260,
                        128,
                        96,
                        2,
                        4,
                        2,
                        16,
                        64,
                        1e-5,
                        new RopeConfig(500000, null),
                        true,
                        true,
                        true,
                        true,
                        7,
                        9),
                config);
    }

    @Test
    void nullMeansNotGivenWhereTransformersWritesIt() {
        assertEquals(
                read("llama", ",'bos_token_id':-1,'eos_token_id':[]"),
                read(
                        "llama",
                        ",'num_key_value_heads':null,'head_dim':null,'rope_scaling':null,'rope_parameters':null,"
                                + "'bos_token_id':null,'eos_token_id':null,'attention_dropout':null"));
    }

    @Test
    void qwenHasItsBiasesWhateverIsWritten() {
        LlamaConfig config = read("qwen2", ",'attention_bias':false,'mlp_bias':true");
        assertTrue(config.qkvBias());
        assertFalse(config.outputBias());
        assertFalse(config.mlpBias());
    }

    @Test
    void architecturesStandInForTheModelType() {
        assertEquals(
                "qwen2",
                parse("{'architectures':['Qwen2ForCausalLM']," + SIZES + "}").family());
        assertEquals(
                "llama",
                parse("{'architectures':['LLaMAForCausalLM'],'model_type':'llama'," + SIZES + "}")
                        .family());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'rope_theta':5e5,'rope_scaling':{'type':'llama3',KEYS}",
                "'rope_theta':5e5,'rope_scaling':{'rope_type':'llama3',KEYS}",
                "'rope_theta':5e5,'rope_scaling':{'rope_type':'llama3','type':'default',KEYS}",
                "'rope_parameters':{'rope_type':'llama3','rope_theta':5e5,KEYS}",
                "'rope_theta':5e5,'rope_parameters':{'rope_type':'llama3',KEYS}",
                "'rope_theta':1,'rope_parameters':{'rope_type':'llama3','rope_theta':5e5,KEYS}",
                "'rope_scaling':{},'rope_parameters':{'rope_type':'llama3','rope_theta':5e5,KEYS}",
            })
    void readsLlama3RopeInAllItsSpellings(String rope) {
        assertEquals(
                new RopeConfig(5e5, LLAMA3),
                read("llama", "," + rope.replace("KEYS", LLAMA3_KEYS)).rope());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'rope_theta':7",
                "'rope_theta':7,'rope_scaling':null",
                "'rope_theta':7,'rope_scaling':{'rope_type':'default'}",
                "'rope_parameters':{'rope_theta':7}",
                "'rope_parameters':{'rope_theta':7.0,'rope_type':'default','partial_rotary_factor':1.0}",
            })
    void readsDefaultRopeInAllItsSpellings(String rope) {
        RopeConfig config = read("llama", "," + rope).rope();
        assertEquals(7, config.theta());
        assertNull(config.llama3());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'rope_scaling':{'type':'linear','factor':2.0} | rope_scaling: not implemented: rope_type linear",
                "'rope_scaling':{'rope_type':'yarn','factor':2.0} | not implemented: rope_type yarn",
                "'rope_scaling':{'rope_type':'dynamic'} | not implemented: rope_type dynamic",
                "'rope_parameters':{'rope_type':'longrope'} | rope_parameters: not implemented: rope_type longrope",
                "'rope_parameters':{'full_attention':{},'sliding_attention':{}} | different ones for kinds of layers",
                "'partial_rotary_factor':0.5 | not implemented: partial_rotary_factor 0.5",
                "'hidden_act':'gelu' | not implemented: hidden_act gelu: silu is",
                "'attention_dropout':0.1 | not implemented: attention_dropout 0.1",
                "'num_experts':8 | not implemented: experts (num_experts 8)",
                "'num_local_experts':8 | not implemented: experts (num_local_experts 8)",
                "'quantization_config':{'quant_method':'gptq'} | not implemented: quantization_config (gptq)",
                "'quantization_config':{} | not implemented: quantization_config (unnamed method)",
                "'quantization_config':{'quant_method':'fp8'} | quantization_config (weight_block_size): [128, 128] is",
                "'quantization_config':{'quant_method':'fp8','weight_block_size':[64,128]} | weight_block_size): [128, 128] is",
                "'quantization_config':{'quant_method':'fp8','activation_scheme':'static'} | (activation_scheme static): dynamic is",
                "'layer_types':['full_attention','sliding_attention'] | not implemented: layer_types with sliding_attention",
                "'use_sliding_window':true,'sliding_window':512,'max_window_layers':1 | use_sliding_window with sliding_window 512",
                "'use_sliding_window':true,'max_window_layers':0 | use_sliding_window with sliding_window 4096",
                "'architectures':['Qwen2ForSequenceClassification'] | with architectures [Qwen2ForSequenceClassification]",
            })
    void refusesWhatTheModelWouldUse(String keys, String message) {
        assertRefused(UnsupportedException.class, "{'model_type':'qwen2'," + keys + "," + SIZES + "}", message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'use_sliding_window':false,'sliding_window':512,'max_window_layers':0",
                "'use_sliding_window':true,'sliding_window':512,'max_window_layers':2",
                "'use_sliding_window':true,'sliding_window':32768,'max_window_layers':0",
                "'use_sliding_window':true,'sliding_window':null,'max_window_layers':0",
                "'use_sliding_window':true,'sliding_window':512,'max_window_layers':0,'layer_types':['full_attention','full_attention']",
            })
    void acceptsASlidingWindowThatIsIdle(String keys) {
        assertEquals(read("qwen2", ""), read("qwen2", "," + keys));
    }

    @ParameterizedTest
    @ValueSource(strings = {"mistral", "mixtral", "qwen2_moe", "gemma3", ""})
    void refusesOtherModels(String type) {
        assertRefused(
                UnsupportedException.class,
                "{'model_type':'" + type + "'," + SIZES + "}",
                "not implemented: model_type " + type);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'hidden_size':'64' | hidden_size is \"64\": it must be an integer of 32 bits",
                "'hidden_size':64.0 | hidden_size is 64.0: it must be an integer",
                "'hidden_size':1e40 | hidden_size is 1.0E40: it must be an integer",
                "'hidden_size':2147483648 | hidden_size is 2147483648: it must be an integer",
                "'hidden_size':null | hidden_size is null: it must be an integer",
                "'hidden_size':[64] | hidden_size is [64]: it must be an integer",
                "'hidden_size':0 | hidden_size is 0: it must be positive",
                "'hidden_size':-64 | -64",
                "'hidden_size':66 | hidden_size 66 is not a multiple of num_attention_heads 4",
                "'hidden_size':36 | head_dim is 9",
                "'num_attention_heads':0 | is not a multiple of num_attention_heads 0",
                "'num_key_value_heads':3 | num_attention_heads 4 is not a multiple of num_key_value_heads 3",
                "'head_dim':256 | head_dim is 256",
                "'max_position_embeddings':null | max_position_embeddings is null",
                "'rms_norm_eps':'1e-5' | rms_norm_eps is \"1e-5\": it must be a finite number",
                "'rms_norm_eps':1e999 | rms_norm_eps is",
                "'rms_norm_eps':-1 | rms_norm_eps is -1: it must be between 0 and 1",
                "'rms_norm_eps':NaN | is broken",
                "'rope_theta':0 | rope_theta is 0: it must be positive",
                "'rope_theta':true | rope_theta is true: it must be a finite number",
                "'rope_scaling':8 | rope_scaling is 8: it must be an object",
                "'rope_scaling':{'type':8} | rope_scaling: type is 8: it must be a string",
                "'rope_scaling':{'type':'llama3'} | rope_scaling: factor is missing",
                "'rope_scaling':{'type':'llama3','factor':0.5,'low_freq_factor':1,'high_freq_factor':4,'original_max_position_embeddings':8} | factor is 0.5: it must be 1 or more",
                "'rope_scaling':{'type':'llama3','factor':2,'low_freq_factor':4,'high_freq_factor':4,'original_max_position_embeddings':8} | high_freq_factor is 4: it must be greater",
                "'rope_scaling':{'type':'llama3','factor':2,'low_freq_factor':1,'high_freq_factor':4,'original_max_position_embeddings':0} | original_max_position_embeddings is 0",
                "'tie_word_embeddings':1 | tie_word_embeddings is 1: it must be true or false",
                "'attention_bias':'no' | attention_bias is \"no\": it must be true or false",
                "'eos_token_id':'</s>' | eos_token_id is \"</s>\": it must be an integer of 32 bits or a list of them",
                "'architectures':'LlamaForCausalLM' | architectures is \"LlamaForCausalLM\": it must be a list of strings",
                "'hidden_act':null | hidden_act is null: it must be a string",
                "'model_type':3 | model_type is 3: it must be a string",
            })
    void refusesBrokenValues(String keys, String message) {
        String json = "{'model_type':'llama'," + SIZES + "}";
        String key = keys.substring(0, keys.indexOf(':'));
        String changed =
                json.replaceAll(key.replace('\'', '"') + ":[^,}]*,?", "").replaceAll(key + ":[^,}]*,?", "");
        assertRefused(
                InvalidArgumentException.class,
                changed.replaceFirst("\\{", "{" + keys + ",").replace(",}", "}"),
                message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`` | is not a JSON object",
                "[] | is not a JSON object",
                "{'model_type': | is broken",
                "{'a':1,'a':2} | Duplicate field 'a'",
                "{}{} | is broken",
                "{} | model_type is missing",
                "{'model_type':'llama'} | num_hidden_layers is missing",
            })
    void refusesBrokenFiles(String json, String message) {
        assertRefused(InvalidArgumentException.class, json, message);
    }

    @Test
    void whatIsWrittenIsReadBack() throws IOException {
        LlamaConfig llama = new LlamaConfig(
                "llama",
                260,
                128,
                96,
                2,
                4,
                2,
                16,
                64,
                1e-5,
                new RopeConfig(5e5, LLAMA3),
                true,
                true,
                true,
                true,
                -1,
                9);
        LlamaConfig qwen = new LlamaConfig(
                "qwen2",
                260,
                128,
                96,
                2,
                4,
                2,
                32,
                64,
                1e-6,
                new RopeConfig(1e6, null),
                false,
                true,
                false,
                false,
                0,
                -1);
        for (LlamaConfig config : new LlamaConfig[] {llama, qwen}) {
            Path file = folder.resolve(config.family());
            Json.write(file, ConfigWriter.config(config, DType.BF16, false));
            assertEquals(config, ConfigReader.read(file));
            assertEquals("bfloat16", Json.read(file).text("torch_dtype"));
        }
    }

    @Test
    void refusesToWriteBiasesThatTheFamilyDoesNotHave() {
        LlamaConfig config = new LlamaConfig(
                "llama", 260, 128, 96, 2, 4, 2, 16, 64, 1e-5, new RopeConfig(5e5, null), true, true, false, true, 1, 2);
        assertThrows(UnsupportedException.class, () -> ConfigWriter.config(config, DType.F32, false));
    }

    private static LlamaConfig read(String type, String more) {
        return parse("{'model_type':'" + type + "'," + SIZES + more + "}");
    }

    private static LlamaConfig parse(String json) {
        return ConfigReader.read(
                Json.parse("config.json", json.replace('\'', '"').getBytes(StandardCharsets.UTF_8)));
    }

    private static void assertRefused(Class<? extends OttavaException> type, String json, String message) {
        OttavaException e = assertThrows(type, () -> parse(json), json);
        assertTrue(e.getMessage().startsWith("config.json"), e.getMessage());
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
    }
}
