"""Where leads come from, and how its files are read."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from wagtail.models import Orderable

from portal.content.models import Product
from portal.core.localised import LocalisedTextField
from portal.core.models import PublicIdModel
from portal.leads.rows import Field
from portal.partners.models import Region


class Source(ClusterableModel):
    """Where leads come from, and how its files are read."""

    slug = models.SlugField(_("slug"), unique=True, help_text=_("Stable: the import command names it."))
    name = LocalisedTextField(_("name"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("source of leads")
        verbose_name_plural = _("sources of leads")
        ordering = ["slug"]

    def __str__(self) -> str:
        return str(self.name) or self.slug


class FieldChoices(models.TextChoices):
    """What a column can mean to people; the same values as :class:`portal.leads.rows.Field`."""

    EXTERNAL_ID = Field.EXTERNAL_ID.value, _("Number at the source (identity)")
    RECEIVED_ON = Field.RECEIVED_ON.value, _("Day received")
    RECEIVED_DAYS_AGO = Field.RECEIVED_DAYS_AGO.value, _("Age in days")
    COMPANY = Field.COMPANY.value, _("Company")
    SECTOR = Field.SECTOR.value, _("Sector")
    COUNTRY = Field.COUNTRY.value, _("Country")
    EMPLOYEES = Field.EMPLOYEES.value, _("Number of employees")
    SCORE = Field.SCORE.value, _("Score from 0 to 100")
    LANGUAGE = Field.LANGUAGE.value, _("Language (a code such as de)")
    PRODUCT = Field.PRODUCT.value, _("Product")
    REGION = Field.REGION.value, _("Region")
    MESSAGE = Field.MESSAGE.value, _("Message (personal data)")
    CONTACT_NAME = Field.CONTACT_NAME.value, _("Contact's name (personal data)")
    CONTACT_EMAIL = Field.CONTACT_EMAIL.value, _("Contact's e-mail (personal data)")
    CONTACT_PHONE = Field.CONTACT_PHONE.value, _("Contact's phone (personal data)")
    EVIDENCE = Field.EVIDENCE.value, _("Evidence: kept as it comes, never interpreted")


class SourceColumn(Orderable):
    """What one column of a source's files means. Columns without a line are kept with the contact, unread."""

    source = ParentalKey(Source, on_delete=models.CASCADE, related_name="columns")
    name = models.CharField(_("column"), max_length=120)
    field = models.CharField(_("means"), max_length=30, choices=FieldChoices.choices)

    class Meta(Orderable.Meta):
        verbose_name = _("column")
        verbose_name_plural = _("columns")
        constraints = [
            models.UniqueConstraint(fields=["source", "name"], name="leads_sourcecolumn_once"),
            models.UniqueConstraint(
                fields=["source", "field"], condition=~Q(field=Field.EVIDENCE), name="leads_sourcecolumn_one_meaning"
            ),
            models.CheckConstraint(condition=Q(field__in=FieldChoices.values), name="leads_sourcecolumn_field_known"),
        ]

    def __str__(self) -> str:
        return self.name


class SourceProduct(Orderable):
    """What a source calls one of our products. Our own slugs are understood without a line."""

    source = ParentalKey(Source, on_delete=models.CASCADE, related_name="product_names")
    name = models.CharField(_("the file says"), max_length=200)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+", verbose_name=_("product"))

    class Meta(Orderable.Meta):
        verbose_name = _("name of a product")
        verbose_name_plural = _("names of products")
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="leads_sourceproduct_once")]

    def __str__(self) -> str:
        return self.name


class SourceRegion(Orderable):
    """What a source calls one of our regions. Our own slugs are understood without a line."""

    source = ParentalKey(Source, on_delete=models.CASCADE, related_name="region_names")
    name = models.CharField(_("the file says"), max_length=200)
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+", verbose_name=_("region"))

    class Meta(Orderable.Meta):
        verbose_name = _("name of a region")
        verbose_name_plural = _("names of regions")
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="leads_sourceregion_once")]

    def __str__(self) -> str:
        return self.name


class ImportFile(PublicIdModel):
    """A file between its dry run and the confirmation. It holds personal data, so it goes with either answer."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+", verbose_name=_("source"))
    name = models.CharField(_("file name"), max_length=255)
    content = models.BinaryField()
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("uploaded by")
    )
    # What nobody confirmed is removed by the next upload; see services.imports.keep_file.
    uploaded_at = models.DateTimeField(_("uploaded"), db_index=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("file to import")
        verbose_name_plural = _("files to import")

    def __str__(self) -> str:
        return self.name
