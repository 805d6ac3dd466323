package dev.ottava;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

/** The layers of docs/design.md. */
@AnalyzeClasses(packages = "dev.ottava", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule LAYERS = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("cli")
            .definedBy("dev.ottava.cli..")
            .layer("bench")
            .definedBy("dev.ottava.bench..")
            .layer("conformance")
            .definedBy("dev.ottava.conformance..")
            .layer("train")
            .definedBy("dev.ottava.train..")
            .layer("data")
            .definedBy("dev.ottava.data..")
            .layer("hub")
            .definedBy("dev.ottava.hub..")
            .layer("optim")
            .definedBy("dev.ottava.optim..")
            .layer("nn")
            .definedBy("dev.ottava.nn..")
            .layer("autograd")
            .definedBy("dev.ottava.autograd..")
            .layer("kernel")
            .definedBy("dev.ottava.kernel..")
            .layer("core")
            .definedBy("dev.ottava.core..")
            .layer("cuda")
            .definedBy("dev.ottava.cuda..")
            .layer("binding")
            .definedBy("dev.ottava.binding..")
            .whereLayer("cli")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("bench")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("conformance")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("train")
            .mayOnlyBeAccessedByLayers("cli", "bench")
            .whereLayer("data")
            .mayOnlyBeAccessedByLayers("cli", "bench", "train")
            .whereLayer("hub")
            .mayOnlyBeAccessedByLayers("cli", "bench", "train", "data")
            .whereLayer("optim")
            .mayOnlyBeAccessedByLayers("cli", "bench", "train", "data", "hub")
            .whereLayer("nn")
            .mayOnlyBeAccessedByLayers("cli", "bench", "train", "data", "hub")
            .whereLayer("autograd")
            .mayOnlyBeAccessedByLayers("cli", "bench", "train", "data", "hub", "optim", "nn")
            .whereLayer("kernel")
            .mayOnlyBeAccessedByLayers("cli", "bench", "conformance", "train", "hub", "optim", "nn", "autograd")
            .whereLayer("cuda")
            .mayOnlyBeAccessedByLayers("core", "kernel", "bench")
            .whereLayer("binding")
            .mayOnlyBeAccessedByLayers("core", "kernel", "bench", "cuda");

    @ArchTest
    static final ArchRule NO_CYCLES =
            slices().matching("dev.ottava.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule JAVACPP_STAYS_IN_BINDING = noClasses()
            .that()
            .resideOutsideOfPackages("dev.ottava.binding..", "dev.ottava.cuda..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.bytedeco..");

    /** Users of the kernels have neither Jackson nor picocli nor the tokenizers on their class path. */
    @ArchTest
    static final ArchRule KERNELS_NEED_NO_OTHER_LIBRARY = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.ottava.core..",
                    "dev.ottava.kernel..",
                    "dev.ottava.autograd..",
                    "dev.ottava.nn..",
                    "dev.ottava.optim..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.fasterxml..", "picocli..", "ai.djl..", "org.slf4j..");

    /** Of Java itself the bundle has java.base and little more (docs/gpu-bundle.md). */
    @ArchTest
    static final ArchRule SMALL_RUNTIMES_ARE_ENOUGH = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "java.awt..", "javax.imageio..", "javax.xml..", "org.w3c..", "java.net.http..", "java.sql..");

    @ArchTest
    static final ArchRule NO_JAVACPP_IN_PUBLIC_SIGNATURES = noMethods()
            .that()
            .arePublic()
            .and()
            .areDeclaredInClassesThat()
            .resideOutsideOfPackages("dev.ottava.binding..")
            .should(mentionJavaCpp());

    private static ArchCondition<JavaMethod> mentionJavaCpp() {
        return new ArchCondition<>("mention a type of JavaCPP") {
            @Override
            public void check(JavaMethod method, ConditionEvents events) {
                boolean found = method.getAllInvolvedRawTypes().stream()
                        .map(JavaClass::getPackageName)
                        .anyMatch(name -> name.startsWith("org.bytedeco"));
                events.add(new SimpleConditionEvent(method, found, method.getFullName()));
            }
        };
    }
}
