import ca.uhn.fhir.batch2.api.IJobMaintenanceService;
import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.batch2.jobs.export.BulkDataExportProvider;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.HardcodedServerAddressStrategy;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import jakarta.persistence.EntityManagerFactory;
import java.net.InetSocketAddress;
import java.util.Properties;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/**
 * HAPI FHIR's R4 JPA server on 127.0.0.1, its database in memory. One argument: the port. The base is
 * {@code http://127.0.0.1:PORT/fhir}. It ends when its standard input does, so that it never outlives the tests.
 */
public class HapiForTests {

  public static void main(String[] arguments) throws Exception {
    endWithStandardInput();
    int port = Integer.parseInt(arguments[0]);
    var beans = new AnnotationConfigApplicationContext(Storage.class);
    var servlets = new ServletContextHandler();
    servlets.addServlet(new ServletHolder(fhirServlet(beans, "http://127.0.0.1:" + port + "/fhir")), "/fhir/*");
    var jetty = new Server(new InetSocketAddress("127.0.0.1", port));
    jetty.setHandler(servlets);
    jetty.start();
    goOnWithJobs(beans.getBean(IJobMaintenanceService.class));
  }

  /** Each step of an export waits for the next pass, of which HAPI makes one a minute. */
  private static void goOnWithJobs(IJobMaintenanceService jobs) {
    var passes = new Thread(() -> {
      while (true) {
        try {
          Thread.sleep(1000);
          jobs.runMaintenancePass();
        } catch (InterruptedException | RuntimeException passing) {
          // The next pass finds what this one left.
        }
      }
    });
    passes.setDaemon(true);
    passes.start();
  }

  private static void endWithStandardInput() {
    var lifeline = new Thread(() -> {
      try {
        System.in.transferTo(java.io.OutputStream.nullOutputStream());
      } catch (java.io.IOException closed) {
        // Closed is closed.
      }
      System.exit(0);
    });
    lifeline.setDaemon(true);
    lifeline.start();
  }

  private static RestfulServer fhirServlet(AnnotationConfigApplicationContext beans, String base) {
    var server = new RestfulServer(beans.getBean(FhirContext.class));
    server.registerProviders(beans.getBean("myResourceProvidersR4", ResourceProviderFactory.class).createProviders());
    server.registerProvider(beans.getBean(JpaSystemProvider.class));
    server.registerProvider(beans.getBean(BulkDataExportProvider.class));
    server.setPagingProvider(beans.getBean(DatabaseBackedPagingProvider.class));
    server.setDefaultResponseEncoding(EncodingEnum.JSON);
    server.setServerAddressStrategy(new HardcodedServerAddressStrategy(base));
    // The default provider walks every method of every type for every type: 15 s for the first /metadata.
    server.setServerConformanceProvider(
        new JpaCapabilityStatementProvider(
            server,
            beans.getBean(IFhirSystemDao.class),
            beans.getBean(JpaStorageSettings.class),
            beans.getBean(ISearchParamRegistry.class),
            beans.getBean(IValidationSupport.class)));
    return server;
  }

  @Configuration
  @Import({
    JpaR4Config.class,
    HapiJpaConfig.class,
    Batch2JobsConfig.class,
    JpaBatch2Config.class,
    SubscriptionChannelConfig.class,
    ThreadPoolFactoryConfig.class
  })
  static class Storage {

    @Bean
    JpaStorageSettings storageSettings() {
      var settings = new JpaStorageSettings();
      // A repeated search must see what was written since, instead of its answer of up to a minute ago.
      settings.setReuseCachedSearchResultsForMillis(null);
      // Records arrive in any order, with the ids and the references they have.
      settings.setEnforceReferentialIntegrityOnWrite(false);
      settings.setAllowExternalReferences(true);
      settings.setResourceClientIdStrategy(JpaStorageSettings.ClientIdStrategyEnum.ANY);
      return settings;
    }

    @Bean
    PartitionSettings partitionSettings() {
      return new PartitionSettings();
    }

    @Bean
    SubscriptionSettings subscriptionSettings() {
      return new SubscriptionSettings();
    }

    @Bean
    DataSource dataSource() {
      var h2 = new BasicDataSource();
      h2.setUrl("jdbc:h2:mem:fhir;DB_CLOSE_DELAY=-1");
      h2.setMaxTotal(20);
      return h2;
    }

    @Bean
    LocalContainerEntityManagerFactoryBean entityManagerFactory(
        ConfigurableListableBeanFactory beans, FhirContext fhir, JpaStorageSettings settings, DataSource database) {
      var hibernate = new Properties();
      hibernate.put("hibernate.dialect", HapiFhirH2Dialect.class.getName());
      hibernate.put("hibernate.hbm2ddl.auto", "create");
      hibernate.put("hibernate.search.enabled", "false");
      var factory = HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, settings);
      factory.setPersistenceUnitName("fhir");
      factory.setDataSource(database);
      factory.setJpaProperties(hibernate);
      return factory;
    }

    @Bean
    JpaTransactionManager transactionManager(EntityManagerFactory factory) {
      return new JpaTransactionManager(factory);
    }
  }
}
